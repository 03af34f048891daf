/*
 * Microphone and speaker through ALSA, non-blocking: the sound card's clock says how many frames
 * there are, the audio thread asks every 20 ms.
 */
#ifdef LKXS_ALSA

#include <alsa/asoundlib.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/port.h"
#include "audio_drivers.h"

#define BUFFER_FRAMES 5 /* of 20 ms: room for a thread that wakes late */
#define QUEUED_FRAMES 2 /* of 20 ms: waiting in the speaker after a tick */

typedef struct {
	snd_pcm_t *pcm;
	size_t frame;  /* samples in 20 ms */
	size_t buffer; /* samples in the hardware's buffer */
} alsa_device;

static void ignore_message(const char *file, int line, const char *function, int fault,
						   const char *format, ...)
{
	(void)file, (void)line, (void)function, (void)fault, (void)format;
}

static int configure(alsa_device *device, uint32_t sample_rate)
{
	snd_pcm_hw_params_t *hardware;
	snd_pcm_uframes_t period = device->frame;
	snd_pcm_uframes_t buffer = device->frame * BUFFER_FRAMES;
	int fault;

	snd_pcm_hw_params_alloca(&hardware);
	if ((fault = snd_pcm_hw_params_any(device->pcm, hardware)) < 0 ||
		(fault = snd_pcm_hw_params_set_rate_resample(device->pcm, hardware, 1)) < 0 ||
		(fault = snd_pcm_hw_params_set_access(device->pcm, hardware,
											  SND_PCM_ACCESS_RW_INTERLEAVED)) < 0 ||
		(fault = snd_pcm_hw_params_set_format(device->pcm, hardware, SND_PCM_FORMAT_S16_LE)) < 0 ||
		(fault = snd_pcm_hw_params_set_channels(device->pcm, hardware, 1)) < 0 ||
		(fault = snd_pcm_hw_params_set_rate(device->pcm, hardware, sample_rate, 0)) < 0 ||
		(fault = snd_pcm_hw_params_set_period_size_near(device->pcm, hardware, &period, NULL)) <
			0 ||
		(fault = snd_pcm_hw_params_set_buffer_size_near(device->pcm, hardware, &buffer)) < 0 ||
		(fault = snd_pcm_hw_params(device->pcm, hardware)) < 0)
		return fault;
	device->buffer = buffer;

	snd_pcm_sw_params_t *software;
	snd_pcm_sw_params_alloca(&software);
	if ((fault = snd_pcm_sw_params_current(device->pcm, software)) < 0 ||
		(fault = snd_pcm_sw_params_set_start_threshold(device->pcm, software,
													   device->frame * QUEUED_FRAMES)) < 0)
		return fault;
	return snd_pcm_sw_params(device->pcm, software);
}

static void *open_device(const port_audio_options *options, snd_pcm_stream_t stream, char *error,
						 size_t size)
{
	const char *what = stream == SND_PCM_STREAM_CAPTURE ? "microphone" : "speaker";
	const char *name = options->device ? options->device : "default";
	alsa_device *device = port_alloc(sizeof *device, PORT_EXTERNAL, PORT_AUDIO);

	if (!device) {
		snprintf(error, size, "%s: out of memory", what);
		return NULL;
	}
	device->frame = options->sample_rate * AUDIO_FRAME_MS / 1000;
	snd_lib_error_set_handler(ignore_message); /* ours is the one line */
	int fault = snd_pcm_open(&device->pcm, name, stream, SND_PCM_NONBLOCK);
	if (fault < 0) {
		snprintf(error, size, "%s \"%s\": %s: list the devices with: %s -L", what, name,
				 fault == -EBUSY ? "another program is using it" : snd_strerror(fault),
				 stream == SND_PCM_STREAM_CAPTURE ? "arecord" : "aplay");
		port_free(device);
		return NULL;
	}
	fault = configure(device, options->sample_rate);
	if (fault >= 0 && stream == SND_PCM_STREAM_CAPTURE)
		fault = snd_pcm_start(device->pcm);
	if (fault < 0) {
		snprintf(error, size, "%s \"%s\" has no mono 16-bit sound at %lu Hz (%s): try \"plug%s%s\"",
				 what, name, (unsigned long)options->sample_rate, snd_strerror(fault),
				 strncmp(name, "hw:", 3) == 0 ? "" : ":", name);
		snd_pcm_close(device->pcm);
		port_free(device);
		return NULL;
	}
	return device;
}

static void close_device(void *context)
{
	alsa_device *device = context;

	snd_pcm_drop(device->pcm);
	snd_pcm_close(device->pcm);
	port_free(device);
}

/* Samples that can be moved now; an overrun or underrun is mended first. */
static size_t available(alsa_device *device, audio_device_faults *faults)
{
	snd_pcm_sframes_t samples = snd_pcm_avail_update(device->pcm);

	if (samples >= 0)
		return (size_t)samples;
	faults->xruns++;
	if (snd_pcm_recover(device->pcm, (int)samples, 1) < 0)
		faults->errors++;
	return 0;
}

static void *microphone_open(const port_audio_options *options, char *error, size_t size)
{
	return open_device(options, SND_PCM_STREAM_CAPTURE, error, size);
}

static unsigned microphone_ready(void *context, audio_device_faults *faults)
{
	alsa_device *device = context;
	size_t samples = available(device, faults);

	if (samples == 0 && snd_pcm_state(device->pcm) == SND_PCM_STATE_PREPARED)
		snd_pcm_start(device->pcm); /* after an overrun */
	return (unsigned)(samples / device->frame);
}

static bool microphone_read(void *context, int16_t *samples, bool listening,
							audio_device_faults *faults)
{
	alsa_device *device = context;
	snd_pcm_sframes_t got = snd_pcm_readi(device->pcm, samples, device->frame);

	(void)listening; /* time passes whether or not anybody listens */
	if (got < 0) {
		faults->errors++;
		got = 0;
	}
	memset(samples + got, 0, (device->frame - (size_t)got) * sizeof *samples);
	return true;
}

const microphone_driver alsa_microphone = {.open = microphone_open,
										   .ready = microphone_ready,
										   .read = microphone_read,
										   .close = close_device};

static void *speaker_open(const port_audio_options *options, char *error, size_t size)
{
	return open_device(options, SND_PCM_STREAM_PLAYBACK, error, size);
}

static unsigned speaker_ready(void *context, audio_device_faults *faults)
{
	alsa_device *device = context;
	size_t room = available(device, faults);
	size_t queued = device->buffer > room ? device->buffer - room : 0;
	size_t wanted = QUEUED_FRAMES * device->frame;

	return queued < wanted ? (unsigned)((wanted - queued + device->frame - 1) / device->frame) : 0;
}

static void speaker_write(void *context, const int16_t *samples, audio_device_faults *faults)
{
	alsa_device *device = context;

	if (snd_pcm_writei(device->pcm, samples, device->frame) != (snd_pcm_sframes_t)device->frame)
		faults->errors++;
}

const speaker_driver alsa_speaker = {
	.open = speaker_open, .ready = speaker_ready, .write = speaker_write, .close = close_device};

#endif
