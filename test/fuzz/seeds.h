/* For the programs that make seeds, seeds_NAME.c: each is called with the folder to write to. */
#ifndef LKXS_FUZZ_SEEDS_H
#define LKXS_FUZZ_SEEDS_H

#include <string.h>

#include "fuzz.h"

typedef struct {
	size_t length;
	uint8_t bytes[1 << 16];
} seed;

static inline void seed_append(seed *self, const void *bytes, size_t length)
{
	REQUIRE(length <= sizeof self->bytes - self->length);
	if (length > 0)
		memcpy(self->bytes + self->length, bytes, length);
	self->length += length;
}

static inline void seed_step(seed *self, uint8_t kind, const void *bytes, size_t length)
{
	const uint8_t head[3] = {kind, (uint8_t)(length >> 8), (uint8_t)length};

	seed_append(self, head, sizeof head);
	seed_append(self, bytes, length);
}

/* Writes the seed as a file, and empties it for the next. */
static inline void seed_save(seed *self, const char *folder, const char *name)
{
	char path[1024];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	REQUIRE(file && fwrite(self->bytes, 1, self->length, file) == self->length);
	REQUIRE(fclose(file) == 0);
	self->length = 0;
}

#endif
