/* A speaker that plays nowhere: for apps that read what remote tracks say. */
#include "audio_device.h"

static void *open_none(const port_audio_options *options, char *error, size_t size)
{
	static char device;

	(void)options, (void)error, (void)size;
	return &device;
}

static void write_none(void *device, const int16_t *samples, audio_device_faults *faults)
{
	(void)device, (void)samples, (void)faults;
}

static void close_none(void *device)
{
	(void)device;
}

const speaker_driver no_speaker = {.open = open_none, .write = write_none, .close = close_none};
