/* Network byte order, for readers that have checked their lengths and writers that have room. */
#ifndef LKXS_BYTES_H
#define LKXS_BYTES_H

#include <stdint.h>

static inline uint16_t bytes_read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t bytes_read24(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static inline uint32_t bytes_read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | bytes_read24(at + 1);
}

static inline uint64_t bytes_read64(const uint8_t *at)
{
	return (uint64_t)bytes_read32(at) << 32 | bytes_read32(at + 4);
}

static inline void bytes_write16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void bytes_write24(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 16);
	bytes_write16(at + 1, value);
}

static inline void bytes_write32(uint8_t *at, uint32_t value)
{
	bytes_write16(at, value >> 16);
	bytes_write16(at + 2, value);
}

static inline void bytes_write64(uint8_t *at, uint64_t value)
{
	bytes_write32(at, (uint32_t)(value >> 32));
	bytes_write32(at + 4, (uint32_t)value);
}

#endif
