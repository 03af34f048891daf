/*
 * Microphone and speaker on an I2S bus. The bus's clock says how many frames there are; the audio
 * thread asks every 20 ms and never waits for the hardware.
 */
#include <stdio.h>
#include <string.h>

#include "../../core/port.h"
#include "../common/audio_device.h"
#include "i2s_bus.h"

typedef struct {
	i2s_bus *bus;
	uint8_t slot;
	i2s_half *half;
	void *raw;    /* 20 ms as DMA has them */
	bool started; /* something was written */
} i2s_device;

static i2s_device *open_device(const port_audio_options *options, i2s_direction direction,
							   char *error, size_t size)
{
	i2s_device *device = port_alloc(sizeof(*device), PORT_INTERNAL, PORT_AUDIO);

	if (device)
		device->bus = i2s_bus_open(options, direction, error, size);
	else
		snprintf(error, size, "no memory for I2S");
	if (device && device->bus) {
		device->slot = options->i2s.format == PORT_I2S_PDM ? 0 : options->i2s.slot;
		device->half = &device->bus->halves[direction];
		device->raw = port_alloc(device->bus->layout.frame_bytes, PORT_INTERNAL, PORT_AUDIO);
		if (device->raw)
			return device;
		snprintf(error, size, "no memory for I2S");
		i2s_bus_close(device->bus, direction);
	}
	port_free(device);
	return NULL;
}

static void close_device(i2s_device *device, i2s_direction direction)
{
	i2s_bus_close(device->bus, direction);
	port_free(device->raw);
	port_free(device);
}

/* ---- Microphone ---- */

static void *microphone_open(const port_audio_options *options, char *error, size_t size)
{
	return open_device(options, I2S_IN, error, size);
}

static unsigned microphone_ready(void *context, audio_device_faults *faults)
{
	i2s_device *device = context;
	bool overrun;
	unsigned frames = i2s_ledger_readable(&device->half->ledger, &device->bus->layout, &overrun);

	faults->xruns += overrun;
	return frames;
}

static bool microphone_read(void *context, int16_t *samples, bool listening,
							audio_device_faults *faults)
{
	i2s_device *device = context;
	const i2s_layout *layout = &device->bus->layout;
	size_t got = 0;

	(void)listening; /* time passes whether or not anybody listens */
	i2s_channel_read(device->half->channel, device->raw, layout->frame_bytes, &got, 0);
	device->half->ledger.ours += layout->frame_bytes;
	if (got < layout->frame_bytes) {
		memset((uint8_t *)device->raw + got, 0, layout->frame_bytes - got);
		faults->errors++;
	}
	i2s_layout_take(layout, device->slot, device->raw, samples);
	return true;
}

static void microphone_close(void *context)
{
	close_device(context, I2S_IN);
}

const microphone_driver i2s_microphone = {.open = microphone_open,
										  .ready = microphone_ready,
										  .read = microphone_read,
										  .close = microphone_close};

/* ---- Speaker ---- */

static void *speaker_open(const port_audio_options *options, char *error, size_t size)
{
	return open_device(options, I2S_OUT, error, size);
}

static unsigned speaker_ready(void *context, audio_device_faults *faults)
{
	i2s_device *device = context;
	bool underrun;
	unsigned frames = i2s_ledger_writable(&device->half->ledger, &device->bus->layout, &underrun);

	/* Nothing has been due before the first sound. */
	faults->xruns += underrun && device->started;
	return frames;
}

static void speaker_write(void *context, const int16_t *samples, audio_device_faults *faults)
{
	i2s_device *device = context;
	const i2s_layout *layout = &device->bus->layout;
	size_t sent = 0;

	i2s_layout_put(layout, samples, device->raw);
	i2s_channel_write(device->half->channel, device->raw, layout->frame_bytes, &sent, 0);
	device->half->ledger.ours += (unsigned)sent;
	device->started = true;
	faults->errors += sent < layout->frame_bytes;
}

static void speaker_close(void *context)
{
	close_device(context, I2S_OUT);
}

const speaker_driver i2s_speaker = {
	.open = speaker_open, .ready = speaker_ready, .write = speaker_write, .close = speaker_close};
