/*
 * Runs a fuzz target where there is no libFuzzer: each file of a seed folder as it is, then that
 * many random changes of it.
 *
 *   fuzz_NAME FOLDER [CHANGES_PER_SEED [RANDOM_SEED]]
 *
 * With libFuzzer: clang -fsanitize=fuzzer,address,undefined, without this file.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) % below);
}

static size_t change(uint8_t *bytes, size_t size)
{
	for (uint32_t times = 1 + draw(8); times > 0; times--) {
		size_t at = draw((uint32_t)size + 1), count = 1 + draw(16);

		switch (draw(5)) {
		case 0:
			if (at < size)
				bytes[at] ^= (uint8_t)(1 << draw(8));
			break;
		case 1:
			if (at < size)
				bytes[at] = (uint8_t)draw(256);
			break;
		case 2: /* cut out */
			if (at + count < size) {
				memmove(bytes + at, bytes + at + count, size - at - count);
				size -= count;
			}
			break;
		case 3: /* put in */
			if (size + count <= INPUT_MAX) {
				memmove(bytes + at + count, bytes + at, size - at);
				for (size_t i = 0; i < count; i++)
					bytes[at + i] = (uint8_t)draw(256);
				size += count;
			}
			break;
		default: /* say again */
			if (at + count <= size && size + count <= INPUT_MAX) {
				memmove(bytes + at + count, bytes + at, size - at);
				size += count;
			}
		}
	}
	return size;
}

static void run(const uint8_t *bytes, size_t size)
{
	/* On the heap and no longer than it is, for the sanitizer's sake. */
	uint8_t *exact = malloc(size + (size == 0));

	if (exact == NULL)
		abort();
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

int main(int count, char **arguments)
{
	DIR *folder = count > 1 ? opendir(arguments[1]) : NULL;
	long changes = count > 2 ? atol(arguments[2]) : 0;
	int seeds = 0;
	const struct dirent *entry;

	if (folder == NULL) {
		fprintf(stderr, "usage: %s FOLDER [CHANGES_PER_SEED [RANDOM_SEED]]\n", arguments[0]);
		return 2;
	}
	state = count > 3 ? strtoull(arguments[3], NULL, 10) : 0;
	state = state * UINT64_C(0x9e3779b97f4a7c15) + 1;
	while ((entry = readdir(folder)) != NULL) {
		static uint8_t seed[INPUT_MAX], bytes[INPUT_MAX];
		char path[1024];
		FILE *file;

		snprintf(path, sizeof path, "%s/%s", arguments[1], entry->d_name);
		if (entry->d_name[0] == '.' || (file = fopen(path, "rb")) == NULL)
			continue;

		size_t size = fread(seed, 1, sizeof seed, file);

		fclose(file);
		seeds++;
		run(seed, size);
		for (long i = 0; i < changes; i++) {
			memcpy(bytes, seed, size);
			run(bytes, change(bytes, size));
		}
	}
	closedir(folder);
	printf("%d seeds, %ld changes of each\n", seeds, changes);
	return seeds > 0 ? 0 : 1;
}
