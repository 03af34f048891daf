#include "md5.h"

#include <string.h>

#include "crypto.h"

#define BLOCK 64

typedef struct {
	uint32_t state[4];
	uint64_t length; /* bytes so far */
	uint8_t block[BLOCK];
} context;

/* Section 3.4: floor(2^32 * |sin(i + 1)|). */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
static const uint8_t shifts[4][4] = {
	{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		   (uint32_t)bytes[3] << 24;
}

static void take_block(context *self)
{
	uint32_t a = self->state[0], b = self->state[1], c = self->state[2], d = self->state[3];

	for (unsigned i = 0; i < 64; i++) {
		uint32_t mix;
		unsigned word;
		switch (i / 16) {
		case 0:
			mix = (b & c) | (~b & d);
			word = i;
			break;
		case 1:
			mix = (b & d) | (c & ~d);
			word = 5 * i + 1;
			break;
		case 2:
			mix = b ^ c ^ d;
			word = 3 * i + 5;
			break;
		default:
			mix = c ^ (b | ~d);
			word = 7 * i;
			break;
		}
		uint32_t sum = a + mix + sines[i] + word_at(self->block + 4 * (word & 15));
		unsigned shift = shifts[i / 16][i & 3];
		a = d;
		d = c;
		c = b;
		b += sum << shift | sum >> (32 - shift);
	}
	self->state[0] += a;
	self->state[1] += b;
	self->state[2] += c;
	self->state[3] += d;
}

static void take(context *self, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		self->block[self->length++ % BLOCK] = bytes[i];
		if (self->length % BLOCK == 0)
			take_block(self);
	}
}

void md5(const uint8_t *const parts[], const size_t lengths[], size_t count, uint8_t out[MD5_SIZE])
{
	static const uint8_t one = 0x80, zero = 0;
	context self = {.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};

	for (size_t i = 0; i < count; i++)
		take(&self, parts[i], lengths[i]);

	uint64_t bits = self.length * 8;

	take(&self, &one, 1);
	while (self.length % BLOCK != BLOCK - 8)
		take(&self, &zero, 1);
	for (unsigned i = 0; i < 8; i++)
		take(&self, &(uint8_t){(uint8_t)(bits >> 8 * i)}, 1);
	for (unsigned i = 0; i < MD5_SIZE; i++)
		out[i] = (uint8_t)(self.state[i / 4] >> 8 * (i & 3));
	crypto_wipe(&self, sizeof self);
}
