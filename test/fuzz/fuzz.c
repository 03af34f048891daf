#include "fuzz.h"

#include <string.h>
#include <time.h>

#include "port.h"

_Noreturn void fuzz_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

uint8_t *fuzz_exact(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + (length == 0));

	REQUIRE(copy != NULL);
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

void fuzz_steps(const uint8_t *data, size_t size, fuzz_step *step, void *context)
{
	while (size >= 3) {
		uint8_t kind = data[0];
		size_t length = (size_t)data[1] << 8 | data[2];

		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		uint8_t *bytes = fuzz_exact(data, length);
		step(context, kind, bytes, length);
		free(bytes);
		data += length;
		size -= length;
	}
}

/* ---- In place of the port's and the C library's ---- */

static uint64_t entropy;

uint64_t fuzz_entropy(uint64_t sequence)
{
	uint64_t before = entropy;

	entropy = sequence;
	return before;
}

/* SplitMix64. */
int port_entropy(uint8_t *out, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		entropy += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t mixed = (entropy ^ entropy >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
		out[i] = (uint8_t)(mixed >> 56);
	}
	return 0;
}

/* mbedTLS puts it into its hello. */
time_t time(time_t *out)
{
	if (out)
		*out = 1700000000;
	return 1700000000;
}
