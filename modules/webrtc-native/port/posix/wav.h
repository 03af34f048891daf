/* WAV files: mono 16-bit PCM, streamed. Every size in a file is bounded by the file's own. */
#ifndef LKXS_POSIX_WAV_H
#define LKXS_POSIX_WAV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wav_reader wav_reader;
typedef struct wav_writer wav_writer;

/** NULL with one line in `error`: names the file, what is wrong and the command that mends it. */
wav_reader *wav_reader_open(const char *path, uint32_t sample_rate, char *error, size_t size);
/** Fills `samples`; what lies past the end is silence, or the beginning again with `loop`. */
bool wav_reader_read(wav_reader *reader, int16_t *samples, size_t count, bool loop);
void wav_reader_close(wav_reader *reader);

/** The folder must exist. The header is valid from the start and is brought up to date each second.
 */
wav_writer *wav_writer_open(const char *path, uint32_t sample_rate, char *error, size_t size);
bool wav_writer_write(wav_writer *writer, const int16_t *samples, size_t count);
void wav_writer_close(wav_writer *writer);

#endif
