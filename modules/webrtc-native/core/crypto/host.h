/* A host given as a numeric address: certificates name those as bytes, and SNI not at all. */
#ifndef LKXS_HOST_H
#define LKXS_HOST_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of a numeric IPv4 or IPv6 address in `out`: 4, 16, or 0 when `text` is none. */
size_t host_parse_ip(const char *text, uint8_t out[16]);

#endif
