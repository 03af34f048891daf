/* Fuzzes the WAV reader: the input is a file. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "posix/wav.h"

#define RATE 16000
#define FRAME 320

/* A file that nobody sees, and a path to it. */
static int scratch_file(char *path, size_t size)
{
	char name[] = "/tmp/fuzz_wav_XXXXXX";
	int file = mkstemp(name);

	REQUIRE(file >= 0 && unlink(name) == 0);
	snprintf(path, size, "/dev/fd/%d", file);
	return file;
}

static void read_frames(const char *path, bool loop, size_t frames)
{
	char error[300];
	wav_reader *reader = wav_reader_open(path, RATE, error, sizeof error);

	if (!reader) {
		REQUIRE(memchr(error, 0, sizeof error) && error[0] != 0);
		return;
	}
	int16_t *samples = malloc(FRAME * sizeof *samples);
	REQUIRE(samples != NULL);
	for (size_t i = 0; i < frames; i++)
		REQUIRE(wav_reader_read(reader, samples, FRAME, loop));
	for (size_t i = 0; i < FRAME && !loop; i++)
		REQUIRE(samples[i] == 0);
	free(samples);
	wav_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int file = -1;

	if (file < 0)
		file = scratch_file(path, sizeof path);
	REQUIRE(ftruncate(file, 0) == 0);
	REQUIRE(pwrite(file, data, size, 0) == (ssize_t)size);
	read_frames(path, false, size / (FRAME * 2) + 2); /* to the end of any sound, and on */
	read_frames(path, true, 2);
	return 0;
}
