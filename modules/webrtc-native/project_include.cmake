# For mbedTLS, before IDF builds it: it is to put no more of a DTLS message together than the buffer
# holds that core/crypto/tls_records.c leaves it. No option of sdkconfig says that.
if(CONFIG_LKXS_PROFILE_INTERNAL)
	idf_build_set_property(COMPILE_DEFINITIONS "MBEDTLS_SSL_DTLS_MAX_BUFFERING=2048" APPEND)
endif()
