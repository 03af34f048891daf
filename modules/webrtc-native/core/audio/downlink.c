#include <stdatomic.h>
#include <string.h>

#include "engine.h"
#include "shorten.h"
#include "snapshot.h"

#define GAIN_MAX (16 * AUDIO_VOLUME_ONE)
#define SOUND 32 /* peak of what counts as sound: -60 dBFS */

/* Opus conceals whole multiples of 2.5 ms. */
#define CONCEAL_UNIT (AUDIO_RTP_CLOCK / 400)

struct audio_downlink {
	packet_ring *ring;
	jitter_buffer *jitter;
	audio_decoder *decoder;
	uint32_t rate;
	_Atomic int32_t volume; /* Q12 */
	int32_t gain;           /* Q12, where the last frame ended */
	bool playing;           /* the last frame was not silence for want of packets */

	_Atomic(audio_tap *) taps[AUDIO_TAPS_MAX];
	audio_downlink_stats stats;
	snapshot published;

	size_t room, count; /* samples in `pcm`: decoded and not yet played */
	int16_t pcm[];
};

_Static_assert(sizeof(audio_downlink_stats) <= 4 * SNAPSHOT_WORDS, "snapshot too small");
_Static_assert(sizeof(audio_uplink_stats) <= 4 * SNAPSHOT_WORDS, "snapshot too small");

audio_downlink *audio_downlink_create(uint32_t speaker_rate, uint32_t target_ms)
{
	size_t room = speaker_rate * (AUDIO_PACKET_MS_MAX + AUDIO_FRAME_MS) / 1000;
	audio_decoder *decoder = audio_decoder_create(speaker_rate, 1); /* checks the rate */
	if (!decoder)
		return NULL;
	audio_downlink *downlink =
		port_alloc(sizeof *downlink + room * sizeof(int16_t), PORT_EXTERNAL, PORT_AUDIO);
	if (!downlink) {
		audio_decoder_free(decoder);
		return NULL;
	}
	downlink->decoder = decoder;
	downlink->rate = speaker_rate;
	downlink->room = room;
	downlink->ring = ring_create(DOWNLINK_RING, PORT_INTERNAL, PORT_AUDIO);
	downlink->jitter = jitter_create(target_ms);
	atomic_init(&downlink->volume, AUDIO_VOLUME_ONE);
	if (!downlink->ring || !downlink->jitter) {
		audio_downlink_free(downlink);
		return NULL;
	}
	return downlink;
}

void audio_downlink_free(audio_downlink *downlink)
{
	if (!downlink)
		return;
	ring_free(downlink->ring);
	jitter_free(downlink->jitter);
	audio_decoder_free(downlink->decoder);
	port_free(downlink);
}

packet_ring *audio_downlink_ring(audio_downlink *downlink)
{
	return downlink->ring;
}

void audio_downlink_set_volume(audio_downlink *downlink, int32_t volume)
{
	int32_t gain = volume < 0 ? 0 : volume > GAIN_MAX ? GAIN_MAX : volume;

	atomic_store_explicit(&downlink->volume, gain, memory_order_relaxed);
}

static void take_arrivals(audio_downlink *downlink)
{
	uint8_t *packet = jitter_room(downlink->jitter);
	audio_downlink_head head;
	size_t length;

	while (ring_read(downlink->ring, &head, sizeof head, packet, JITTER_PACKET_MAX, &length)) {
		uint32_t duration = audio_packet_duration(packet, length);

		if (length == 0) /* padding alone */
			continue;
		if (duration == 0)
			downlink->stats.decode_errors++;
		else
			jitter_put(downlink->jitter, head.sequence, head.timestamp, duration, packet, length,
					   head.arrived);
	}
}

/* Appends concealment of `duration` RTP clock units. */
static void conceal(audio_downlink *downlink, uint32_t duration)
{
	uint32_t units = (duration + CONCEAL_UNIT - 1) / CONCEAL_UNIT;
	size_t wanted = (size_t)units * (downlink->rate / 400);
	size_t room = downlink->room - downlink->count;

	if (wanted > room)
		wanted = room / (downlink->rate / 400) * (downlink->rate / 400);
	int samples = audio_decode(downlink->decoder, NULL, 0, downlink->pcm + downlink->count, wanted);
	if (samples > 0) {
		downlink->count += (size_t)samples;
		downlink->stats.frames_concealed++;
	}
}

static void decode(audio_downlink *downlink, const jitter_frame *frame)
{
	int16_t *out = downlink->pcm + downlink->count;
	int samples = audio_decode(downlink->decoder, frame->payload, frame->length, out,
							   downlink->room - downlink->count);

	if (samples < 0) {
		downlink->stats.decode_errors++;
		conceal(downlink, frame->duration);
		return;
	}
	downlink->stats.frames_decoded++;
	size_t count = (size_t)samples;
	if (frame->shorten) {
		count = audio_shorten(out, count, downlink->rate);
		downlink->stats.frames_shortened++;
	}
	downlink->count += count;
}

/* Decodes until there are `frames` samples. False when there is nothing more to play. */
static bool fill(audio_downlink *downlink, size_t frames, uint64_t now)
{
	while (downlink->count < frames) {
		jitter_frame frame;
		size_t before = downlink->count;

		switch (jitter_get(downlink->jitter, &frame, now)) {
		case JITTER_PACKET:
			decode(downlink, &frame);
			break;
		case JITTER_LOST:
			conceal(downlink, frame.duration);
			break;
		case JITTER_EMPTY:
			return false;
		}
		if (downlink->count == before)
			return false;
	}
	return true;
}

/* Adds samples to the mix while the gain moves from where it was to `gain`. The peak of them. */
static int32_t mix_in(audio_downlink *downlink, int32_t *mix, size_t count, int32_t gain)
{
	int32_t at = downlink->gain * 256; /* Q20 */
	int32_t step = (gain * 256 - at) / (int32_t)count;
	int32_t peak = 0;

	for (size_t i = 0; i < count; i++, at += step) {
		int32_t sample = (downlink->pcm[i] * (at >> 8)) >> 12;

		mix[i] += sample;
		if (sample < 0)
			sample = -sample;
		if (sample > peak)
			peak = sample;
	}
	downlink->gain = gain;
	return peak;
}

int audio_downlink_add_tap(audio_downlink *downlink, audio_tap *tap)
{
	for (size_t i = 0; i < AUDIO_TAPS_MAX; i++) {
		if (!atomic_load_explicit(&downlink->taps[i], memory_order_relaxed)) {
			atomic_store_explicit(&downlink->taps[i], tap, memory_order_release);
			return 0;
		}
	}
	return -1;
}

void audio_downlink_remove_tap(audio_downlink *downlink, const audio_tap *tap)
{
	for (size_t i = 0; i < AUDIO_TAPS_MAX; i++)
		if (atomic_load_explicit(&downlink->taps[i], memory_order_relaxed) == tap)
			atomic_store_explicit(&downlink->taps[i], NULL, memory_order_relaxed);
}

uint32_t audio_downlink_rate(const audio_downlink *downlink)
{
	return downlink->rate;
}

/* `count` samples of sound, then silence. */
static void give_to_taps(audio_downlink *downlink, size_t count, size_t frames, bool more)
{
	for (size_t i = 0; i < AUDIO_TAPS_MAX; i++) {
		audio_tap *tap = atomic_load_explicit(&downlink->taps[i], memory_order_acquire);

		if (tap && !audio_tap_give(tap, downlink->pcm, count, frames, more))
			downlink->stats.frames_unread++;
	}
}

static void drop_played(audio_downlink *downlink, size_t count)
{
	downlink->count -= count;
	memmove(downlink->pcm, downlink->pcm + count, downlink->count * sizeof(int16_t));
}

bool audio_downlink_playout(audio_downlink *downlink, int32_t *mix, size_t frames, uint64_t now)
{
	int32_t gain = atomic_load_explicit(&downlink->volume, memory_order_relaxed);
	bool sound = false;

	take_arrivals(downlink);
	bool more = fill(downlink, frames, now);
	if (!more && downlink->playing) {
		conceal(downlink, AUDIO_RTP_FRAME); /* to fade out on; the next sound fades in from there */
		gain = 0;
	}
	if (more || downlink->playing) {
		size_t count = downlink->count < frames ? downlink->count : frames;

		if (count > 0)
			sound = mix_in(downlink, mix, count, gain) >= SOUND;
		give_to_taps(downlink, count, frames, more);
		drop_played(downlink, count);
	} else {
		give_to_taps(downlink, 0, frames, false);
		downlink->stats.frames_silent++;
	}
	if (!more)
		downlink->count = 0;
	downlink->playing = more;
	if (sound && downlink->stats.first_sound == 0)
		downlink->stats.first_sound = now;
	jitter_get_stats(downlink->jitter, &downlink->stats.jitter);
	snapshot_write(&downlink->published, &downlink->stats, sizeof downlink->stats);
	return sound;
}

void audio_downlink_get_stats(const audio_downlink *downlink, audio_downlink_stats *out)
{
	snapshot_read(&downlink->published, out, sizeof *out);
}

void audio_mix_finish(const int32_t *mix, int16_t *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int32_t sample = mix[i];

		if (sample > INT16_MAX)
			sample = INT16_MAX;
		if (sample < INT16_MIN)
			sample = INT16_MIN;
		out[i] = (int16_t)sample;
	}
}
