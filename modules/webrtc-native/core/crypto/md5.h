/*
 * MD5 (RFC 1321), for TURN's long-term credentials alone (RFC 8489 section 9.2.2). Our own: a
 * device's mbedTLS may have been built without.
 */
#ifndef LKXS_MD5_H
#define LKXS_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_SIZE 16

/** Of the parts one after the other. */
void md5(const uint8_t *const parts[], const size_t lengths[], size_t count, uint8_t out[MD5_SIZE]);

#endif
