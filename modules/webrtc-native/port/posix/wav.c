#include "wav.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/port.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
			   "samples go between file and memory as is");

#define RIFF_HEAD 12
#define CHUNK_HEAD 8
#define FMT_MIN 16
#define FMT_EXTENSIBLE 40
#define CHUNKS_MAX 256 /* looked at before giving up on a file */
#define FORMAT_PCM 1
#define FORMAT_EXTENSIBLE 0xfffe

struct wav_reader {
	int fd;
	off_t start, length, position; /* bytes; position within the sound */
};

struct wav_writer {
	int fd;
	uint32_t sample_rate;
	uint32_t written;   /* bytes of sound */
	uint32_t in_header; /* bytes of sound that the header tells of */
};

typedef struct {
	unsigned format, channels, bits;
	uint32_t sample_rate;
} wav_format;

static uint32_t read16(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read32(const uint8_t *at)
{
	return read16(at) | read16(at + 2) << 16;
}

static void write32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* ---- reading ---- */

static void parse_format(wav_format *format, const uint8_t *chunk, size_t length)
{
	static const uint8_t guid_tail[14] = {0, 0, 0,    0, 0x10, 0,    0x80,
										  0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};

	format->format = read16(chunk);
	format->channels = read16(chunk + 2);
	format->sample_rate = read32(chunk + 4);
	format->bits = read16(chunk + 14);
	if (format->format == FORMAT_EXTENSIBLE && length >= FMT_EXTENSIBLE &&
		memcmp(chunk + 26, guid_tail, sizeof guid_tail) == 0)
		format->format = read16(chunk + 24);
}

/* Finds format and sound. NULL, or what is wrong with the file. */
static const char *scan(wav_reader *reader, wav_format *format, off_t file_size)
{
	uint8_t head[FMT_EXTENSIBLE];
	bool has_format = false;
	off_t at = RIFF_HEAD;

	if (pread(reader->fd, head, RIFF_HEAD, 0) != RIFF_HEAD || memcmp(head, "RIFF", 4) != 0 ||
		memcmp(head + 8, "WAVE", 4) != 0)
		return "is not a WAV file";
	for (int i = 0; i < CHUNKS_MAX && pread(reader->fd, head, CHUNK_HEAD, at) == CHUNK_HEAD; i++) {
		bool is_format = memcmp(head, "fmt ", 4) == 0;
		bool is_data = memcmp(head, "data", 4) == 0;
		off_t size = (off_t)read32(head + 4);

		at += CHUNK_HEAD;
		if (is_format) {
			size_t wanted = size < FMT_EXTENSIBLE ? (size_t)size : sizeof head;

			if (size < FMT_MIN || pread(reader->fd, head, wanted, at) != (ssize_t)wanted)
				return "is a damaged WAV file";
			parse_format(format, head, wanted);
			has_format = true;
		} else if (is_data) {
			if (!has_format)
				return "is a damaged WAV file";
			/* programs that write into pipes leave the size 0 or all ones */
			if (size == 0 || size > file_size - at)
				size = file_size - at;
			reader->start = at;
			reader->length = size & ~(off_t)1;
			return reader->length > 0 ? NULL : "holds no sound";
		}
		at += size + (size & 1);
	}
	return has_format ? "holds no sound" : "is a damaged WAV file";
}

static bool read_header(wav_reader *reader, const char *path, uint32_t sample_rate, char *error,
						size_t size)
{
	wav_format format = {0};
	struct stat info;

	if (fstat(reader->fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		snprintf(error, size, "microphone file %s is not a regular file: give a WAV file", path);
		return false;
	}
	const char *fault = scan(reader, &format, info.st_size);
	if (fault) {
		snprintf(error, size, "microphone file %s %s: give a mono 16-bit PCM file", path, fault);
		return false;
	}
	if (format.format != FORMAT_PCM || format.bits != 16 || format.channels != 1 ||
		format.sample_rate != sample_rate) {
		snprintf(
			error, size,
			"microphone file %s has %lu Hz, %u channel(s), %u bit%s, the microphone wants %lu Hz "
			"mono 16-bit PCM: convert with: sox %s -r %lu -c 1 -b 16 -e signed out.wav",
			path, (unsigned long)format.sample_rate, format.channels, format.bits,
			format.format == FORMAT_PCM ? "" : " that are not PCM", (unsigned long)sample_rate,
			path, (unsigned long)sample_rate);
		return false;
	}
	return true;
}

wav_reader *wav_reader_open(const char *path, uint32_t sample_rate, char *error, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */

	if (fd < 0) {
		snprintf(error, size, "microphone file %s: %s", path, strerror(errno));
		return NULL;
	}
	wav_reader *reader = port_alloc(sizeof *reader, PORT_EXTERNAL, PORT_AUDIO);
	if (!reader) {
		snprintf(error, size, "microphone: out of memory");
		close(fd);
		return NULL;
	}
	reader->fd = fd;
	if (!read_header(reader, path, sample_rate, error, size)) {
		wav_reader_close(reader);
		return NULL;
	}
	return reader;
}

bool wav_reader_read(wav_reader *reader, int16_t *samples, size_t count, bool loop)
{
	uint8_t *out = (uint8_t *)samples;
	size_t left = count * sizeof *samples;

	while (left > 0) {
		if (reader->position == reader->length && loop)
			reader->position = 0;
		off_t available = reader->length - reader->position;
		size_t part = (off_t)left < available ? left : (size_t)available;
		ssize_t got = part ? pread(reader->fd, out, part, reader->start + reader->position) : 0;

		if (got <= 0) {
			memset(out, 0, left);
			return part == 0; /* the end is no fault */
		}
		reader->position += got;
		out += got;
		left -= (size_t)got;
	}
	return true;
}

void wav_reader_close(wav_reader *reader)
{
	close(reader->fd);
	port_free(reader);
}

/* ---- writing ---- */

static bool write_header(wav_writer *writer)
{
	uint8_t head[44] = "RIFF----WAVEfmt \x10\0\0\0\x01\0\x01\0----....\x02\0\x10\0data";

	write32(head + 4, 36 + writer->written);
	write32(head + 24, writer->sample_rate);
	write32(head + 28, writer->sample_rate * 2);
	write32(head + 40, writer->written);
	writer->in_header = writer->written;
	return pwrite(writer->fd, head, sizeof head, 0) == sizeof head;
}

static void explain_open(const char *path, int fault, char *error, size_t size)
{
	char copy[PATH_MAX];
	struct stat info;

	snprintf(copy, sizeof copy, "%s", path);
	const char *folder = dirname(copy);
	if (fault == ENOENT && stat(folder, &info) < 0)
		snprintf(error, size, "speaker file %s: there is no folder %s: mkdir -p %s", path, folder,
				 folder);
	else
		snprintf(error, size, "speaker file %s: %s", path, strerror(fault));
}

wav_writer *wav_writer_open(const char *path, uint32_t sample_rate, char *error, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);

	if (fd < 0) {
		explain_open(path, errno, error, size);
		return NULL;
	}
	wav_writer *writer = port_alloc(sizeof *writer, PORT_EXTERNAL, PORT_AUDIO);
	if (!writer) {
		snprintf(error, size, "speaker: out of memory");
		close(fd);
		return NULL;
	}
	writer->fd = fd;
	writer->sample_rate = sample_rate;
	if (!write_header(writer)) {
		snprintf(error, size, "speaker file %s: %s", path, strerror(errno));
		wav_writer_close(writer);
		return NULL;
	}
	return writer;
}

bool wav_writer_write(wav_writer *writer, const int16_t *samples, size_t count)
{
	size_t length = count * sizeof *samples;

	if (length > UINT32_MAX - 36 - writer->written) /* 12 hours and more: a WAV file is full */
		return false;
	if (pwrite(writer->fd, samples, length, 44 + (off_t)writer->written) != (ssize_t)length)
		return false;
	writer->written += (uint32_t)length;
	if (writer->written - writer->in_header >= writer->sample_rate * 2)
		return write_header(writer);
	return true;
}

void wav_writer_close(wav_writer *writer)
{
	write_header(writer);
	close(writer->fd);
	port_free(writer);
}
