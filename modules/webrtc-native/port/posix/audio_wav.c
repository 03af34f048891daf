/* Microphone and speaker as WAV files, paced by the audio thread's clock. */
#include <stdio.h>
#include <string.h>

#include "../../core/port.h"
#include "audio_drivers.h"
#include "wav.h"

typedef struct {
	wav_reader *reader;
	size_t frame;
	bool loop;
} microphone;

typedef struct {
	wav_writer *writer;
	size_t frame;
} speaker;

static void *microphone_open(const port_audio_options *options, char *error, size_t size)
{
	if (!options->path) {
		snprintf(error, size, "microphone: the wav driver needs the path of a file");
		return NULL;
	}
	microphone *device = port_alloc(sizeof *device, PORT_EXTERNAL, PORT_AUDIO);
	if (!device) {
		snprintf(error, size, "microphone: out of memory");
		return NULL;
	}
	device->reader = wav_reader_open(options->path, options->sample_rate, error, size);
	if (!device->reader) {
		port_free(device);
		return NULL;
	}
	device->frame = options->sample_rate * AUDIO_FRAME_MS / 1000;
	device->loop = options->loop;
	return device;
}

static bool microphone_read(void *context, int16_t *samples, bool listening,
							audio_device_faults *faults)
{
	microphone *device = context;

	if (!listening)
		memset(samples, 0, device->frame * sizeof *samples);
	else if (!wav_reader_read(device->reader, samples, device->frame, device->loop))
		faults->errors++;
	return true;
}

static void microphone_close(void *context)
{
	microphone *device = context;

	wav_reader_close(device->reader);
	port_free(device);
}

const microphone_driver wav_microphone = {
	.open = microphone_open, .read = microphone_read, .close = microphone_close};

static void *speaker_open(const port_audio_options *options, char *error, size_t size)
{
	if (!options->path) {
		snprintf(error, size, "speaker: the wav driver needs the path of a file");
		return NULL;
	}
	speaker *device = port_alloc(sizeof *device, PORT_EXTERNAL, PORT_AUDIO);
	if (!device) {
		snprintf(error, size, "speaker: out of memory");
		return NULL;
	}
	device->writer = wav_writer_open(options->path, options->sample_rate, error, size);
	if (!device->writer) {
		port_free(device);
		return NULL;
	}
	device->frame = options->sample_rate * AUDIO_FRAME_MS / 1000;
	return device;
}

static void speaker_write(void *context, const int16_t *samples, audio_device_faults *faults)
{
	speaker *device = context;

	if (!wav_writer_write(device->writer, samples, device->frame))
		faults->errors++;
}

static void speaker_close(void *context)
{
	speaker *device = context;

	wav_writer_close(device->writer);
	port_free(device);
}

const speaker_driver wav_speaker = {
	.open = speaker_open, .write = speaker_write, .close = speaker_close};
