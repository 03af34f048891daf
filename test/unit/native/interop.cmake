# Tests against other people's implementations: libsrtp2, libusrsctp, and the openssl program as DTLS
# and TLS peer. They are part of `npm test`, so a missing package stops the build and is not skipped.
pkg_check_modules(SRTP2 IMPORTED_TARGET libsrtp2)
pkg_check_modules(USRSCTP IMPORTED_TARGET usrsctp)
find_program(OPENSSL openssl)
if(NOT SRTP2_FOUND OR NOT USRSCTP_FOUND OR NOT OPENSSL)
	message(FATAL_ERROR "interop tests need libsrtp2, libusrsctp and openssl: "
		"apt-get install libsrtp2-dev libusrsctp-dev openssl")
endif()

foreach(name interop_srtp interop_sctp interop_dtls interop_tls interop_stream)
	add_executable(${name} ${name}.c)
	target_compile_options(${name} PRIVATE -Wall -Wextra -Werror)
	target_compile_definitions(${name} PRIVATE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
		OPENSSL="${OPENSSL}")
	target_link_libraries(${name} PRIVATE webrtc-native PkgConfig::CMOCKA)
	add_test(NAME ${name} COMMAND ${name})
	set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endforeach()
target_link_libraries(interop_srtp PRIVATE PkgConfig::SRTP2)
target_link_libraries(interop_sctp PRIVATE sim PkgConfig::USRSCTP)
