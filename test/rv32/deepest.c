/*
 * How deep the audio task's stack can go: encoding speech and noise at the highest rates that
 * boards have, decoding whatever a peer may choose: SILK, hybrid and CELT, mono and stereo, all
 * durations, random bytes, and losses between them. The work functions have the buffers that
 * audio_thread.c has.
 */
#include "audio/engine.h"
#include "call.h"
#include "check.h"
#include "stacks.h"

#define PACKET_MAX 1275 /* bytes of one frame: RFC 6716 section 3.2.1 */
#define ENCODED_FRAMES 30
#define MIXED_PACKETS 120
#define PACKETS_EACH 4

/* Not through hooks.c: these are no tasks of a call's, and their stacks are chosen here. */
bool __real_audio_uplink_capture(audio_uplink *uplink, const int16_t *samples);
bool __real_audio_downlink_playout(audio_downlink *downlink, int32_t *mix, size_t frames,
								   uint64_t now);

static uint32_t chance(uint32_t below)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

/* ---- What is sent ---- */

typedef struct {
	audio_uplink *uplink;
	uint32_t rate, number;
} speaker;

/* Speech, and noise in the end: both kinds of excitation, with pitch and without. */
static void speak(const speaker *self, int16_t *samples)
{
	uint32_t times = self->rate / RATE;
	const int16_t *speech = speech_frame(self->number);

	for (uint32_t i = 0; i < self->rate / 50; i++)
		samples[i] = self->number < ENCODED_FRAMES - 10 ? speech[i / times]
														: (int16_t)(chance(40000) - 20000);
	__real_audio_uplink_capture(self->uplink, samples);
}

static void capture_16k(void *argument)
{
	int16_t samples[16000 / 50];

	speak(argument, samples);
}

static void capture_48k(void *argument)
{
	int16_t samples[48000 / 50];

	speak(argument, samples);
}

static void encode(stack_task stack, uint32_t rate, uint32_t bitrate, bool fec)
{
	audio_encoder_options options = {.sample_rate = rate,
									 .channels = 1,
									 .bitrate = bitrate,
									 .complexity = 1,
									 .fec = fec,
									 .expected_loss = fec ? 10 : 0};
	speaker self = {.uplink = audio_uplink_create(&options), .rate = rate};
	audio_uplink_head head;
	static uint8_t packet[AUDIO_PACKET_MAX];
	size_t length;

	assert_non_null(self.uplink);
	audio_uplink_set_muted(self.uplink, false);
	for (; self.number < ENCODED_FRAMES; self.number++) {
		stack_run(stack, rate > 16000 ? capture_48k : capture_16k, &self);
		while (ring_read(audio_uplink_ring(self.uplink), &head, sizeof head, packet, sizeof packet,
						 &length))
			;
	}
	audio_uplink_free(self.uplink);
}

/* ---- What comes ---- */

typedef struct {
	audio_downlink *downlink;
	uint16_t sequence;
	uint32_t timestamp;
	uint64_t now;
} listener;

static void playout(void *argument)
{
	listener *self = argument;
	int32_t mix[AUDIO_FRAME_MAX] = {0};
	int16_t samples[AUDIO_FRAME_MAX];
	size_t frames = audio_downlink_rate(self->downlink) / 50;

	__real_audio_downlink_playout(self->downlink, mix, frames, self->now);
	audio_mix_finish(mix, samples, frames);
}

static void hear(listener *self, uint8_t toc)
{
	static uint8_t packet[PACKET_MAX];
	size_t length = 2 + chance(chance(2) ? 60 : sizeof packet - 2);

	for (size_t i = 1; i < length; i++)
		packet[i] = (uint8_t)chance(256);
	packet[0] = toc;
	audio_downlink_head head = {
		.sequence = self->sequence, .timestamp = self->timestamp, .arrived = self->now};
	uint32_t duration = audio_packet_duration(packet, length);

	self->sequence++;
	self->timestamp += duration ? duration : AUDIO_RTP_FRAME;
	if (chance(6) > 0) /* the others are lost */
		ring_write(audio_downlink_ring(self->downlink), &head, sizeof head, packet, length);
	do {
		stack_run(STACK_AUDIO_INTERNAL, playout, self);
		self->now += 20000;
	} while (duration > AUDIO_RTP_FRAME && (duration -= AUDIO_RTP_FRAME) > 0);
}

static void decode(uint32_t rate)
{
	listener self = {.downlink = audio_downlink_create(rate, 20), .now = 1};
	audio_downlink_stats stats;

	assert_non_null(self.downlink);
	/* Of each configuration and channel count (RFC 6716 section 3.1): one frame a packet. */
	for (int toc = 0; toc < 256; toc += 4)
		for (int i = 0; i < PACKETS_EACH; i++)
			hear(&self, (uint8_t)toc);
	for (int i = 0; i < MIXED_PACKETS; i++)
		hear(&self, (uint8_t)chance(256));
	audio_downlink_get_stats(self.downlink, &stats);
	assert_true(stats.frames_decoded > 200 && stats.frames_concealed > 50);
	audio_downlink_free(self.downlink);
}

void deepest_run(void)
{
	static const uint32_t bitrates[] = {24000, 40000, 128000};

	for (size_t i = 0; i < sizeof bitrates / sizeof *bitrates; i++)
		for (int fec = 0; fec < 2; fec++) {
			encode(STACK_AUDIO_INTERNAL, 16000, bitrates[i], fec);
			encode(STACK_AUDIO, 48000, bitrates[i], fec);
		}
	decode(16000);
	decode(48000);
}
