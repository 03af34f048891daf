/*
 * A microphone that is fed: the app's thread writes samples into a ring, at an Opus rate, and the
 * audio thread takes 20 ms of them a tick.
 */
#include <stdio.h>
#include <string.h>

#include "../../core/audio/resample.h"
#include "../../core/port.h"
#include "audio_thread.h"

#define QUEUE_MS_MIN 20
#define QUEUE_MS_MAX 1000
#define SILENT_FRAMES 10 /* after the last sound, so that it has a clean end */
#define PIECE 64

typedef struct {
	uint32_t rate; /* of the ring */
	size_t frame;
	sample_ring *ring;
	resampler *resampler; /* the app's thread's; NULL when it feeds the ring's rate */
	void (*on_taken)(void *context);
	void *context;
	/* The audio thread's: */
	size_t scrap;    /* less than a frame that waited the last time */
	unsigned silent; /* frames of silence given since the last sound */
} audio_feed;

static void close_feed(void *device)
{
	audio_feed *feed = device;

	sample_ring_free(feed->ring);
	resampler_free(feed->resampler);
	port_free(feed);
}

void *audio_feed_create(const port_feed_options *options, char *error, size_t size)
{
	uint32_t rate = audio_codec_rate(options->sample_rate);

	if (options->sample_rate < RESAMPLE_RATE_MIN || rate == 0 || rate > AUDIO_SENT_RATE_MAX ||
		options->queue_ms < QUEUE_MS_MIN || options->queue_ms > QUEUE_MS_MAX) {
		snprintf(error, size, "give a sample rate of 8000 to %d, and a queue of %d to %d ms",
				 AUDIO_SENT_RATE_MAX, QUEUE_MS_MIN, QUEUE_MS_MAX);
		return NULL;
	}
	audio_feed *feed = port_alloc(sizeof *feed, PORT_INTERNAL, PORT_AUDIO);
	if (feed) {
		bool resamples = options->sample_rate != rate;

		feed->rate = rate;
		feed->frame = rate * AUDIO_FRAME_MS / 1000;
		feed->ring = sample_ring_create((size_t)rate * options->queue_ms / 1000);
		feed->resampler = resamples ? resampler_create(options->sample_rate, rate) : NULL;
		feed->on_taken = options->on_taken;
		feed->context = options->context;
		feed->silent = SILENT_FRAMES;
		if (feed->ring && (feed->resampler || !resamples))
			return feed;
		close_feed(feed);
	}
	snprintf(error, size, "no memory for a queue of samples");
	return NULL;
}

uint32_t audio_feed_rate(const void *feed)
{
	return ((const audio_feed *)feed)->rate;
}

/* Less than a frame goes, too, when no more of it came within a tick: it is the end. */
static bool read_feed(void *device, int16_t *samples, bool listening, audio_device_faults *faults)
{
	audio_feed *feed = device;
	size_t count = sample_ring_count(feed->ring);
	bool due = count >= feed->frame || (count > 0 && count == feed->scrap);

	(void)listening, (void)faults;
	/* None, if none is due: what was cleared makes room. */
	size_t taken = sample_ring_read(feed->ring, samples, due ? feed->frame : 0);
	feed->scrap = due ? 0 : count;
	feed->on_taken(feed->context);
	memset(samples + taken, 0, (feed->frame - taken) * sizeof *samples);
	if (taken > 0)
		feed->silent = 0;
	else if (feed->silent < SILENT_FRAMES)
		feed->silent++;
	else
		return false;
	return true;
}

const microphone_driver feed_microphone = {.read = read_feed, .close = close_feed};

static size_t push_resampled(audio_feed *feed, const int16_t *samples, size_t count)
{
	size_t taken = 0, room;

	while ((room = sample_ring_room(feed->ring)) > 0) {
		int16_t piece[PIECE];
		size_t made = resampler_pull(feed->resampler, piece, room < PIECE ? room : PIECE);

		sample_ring_write(feed->ring, piece, made);
		if (made > 0)
			continue;
		if (taken == count)
			break;
		taken += resampler_feed(feed->resampler, samples + taken, count - taken);
	}
	return taken;
}

size_t port_feed_push(port_microphone *microphone, const int16_t *samples, size_t count)
{
	audio_feed *feed = microphone->device;

	return feed->resampler ? push_resampled(feed, samples, count)
						   : sample_ring_write(feed->ring, samples, count);
}

uint64_t port_feed_queued(const port_microphone *microphone)
{
	const audio_feed *feed = microphone->device;

	return (uint64_t)sample_ring_count(feed->ring) * 1000000 / feed->rate;
}

void port_feed_clear(port_microphone *microphone)
{
	audio_feed *feed = microphone->device;

	sample_ring_clear(feed->ring);
	if (feed->resampler)
		resampler_reset(feed->resampler);
}
