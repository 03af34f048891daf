# This machine with a device's pointers, so that memory figures are a device's (gcc-multilib).
set(CMAKE_C_FLAGS_INIT "-m32 -msse2 -mfpmath=sse")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
