# xs-settings: what everything that includes XS's headers must agree on. XS_DIR: the folder moddable/ of
# @agoric/xsnap.
set(XS_DIR "" CACHE PATH "The folder moddable/ of @agoric/xsnap")
if(NOT EXISTS "${XS_DIR}/xs/sources/xsAll.h")
	message(FATAL_ERROR "XS_DIR is \"${XS_DIR}\": it must be the folder moddable/ of @agoric/xsnap")
endif()

add_library(xs-settings INTERFACE)
target_include_directories(xs-settings INTERFACE
	${CMAKE_CURRENT_LIST_DIR}/host ${CMAKE_CURRENT_LIST_DIR}/host/include)
target_include_directories(xs-settings SYSTEM INTERFACE
	${XS_DIR}/xs/includes ${XS_DIR}/xs/platforms ${XS_DIR}/xs/sources)
target_compile_definitions(xs-settings INTERFACE
	_GNU_SOURCE
	INCLUDE_XSPLATFORM XSPLATFORM="xsDesktop.h"
	mxRun=1 mxParse=1
	mxDebug=1                # line numbers
	mxNoConsole=1            # the host reports, the engine does not print
	# As on devices: no \p{} in RegExp and no String.normalize (their defines are left out).
	mxHostFunctionPrimitive=1
	mxMinusZero=1 mxBoundsCheck=1
	LKXS_DESKTOP_HOST=1)
if(CMAKE_SIZEOF_VOID_P EQUAL 8)
	target_compile_definitions(xs-settings INTERFACE mx32bitID=1)
endif()
