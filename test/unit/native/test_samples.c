/* The ring of samples, sound at another rate, and what a tap gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "audio.h"
#include "audio/engine.h"
#include "audio/resample.h"
#include "sound.h"

/* ---- the ring ---- */

static void count_up(int16_t *samples, size_t count, uint32_t *next)
{
	for (size_t i = 0; i < count; i++)
		samples[i] = (int16_t)(*next)++;
}

static void a_ring_gives_what_it_took_in_order(void **state)
{
	sample_ring *ring = sample_ring_create(100);
	uint32_t in = 0, out = 0;

	(void)state;
	assert_int_equal(sample_ring_room(ring), 100);
	for (size_t round = 0; round < 1000; round++) {
		int16_t samples[150];
		uint32_t next = in;

		count_up(samples, round % 150, &next);
		size_t room = sample_ring_room(ring);
		size_t written = sample_ring_write(ring, samples, round % 150);
		assert_int_equal(written, room < round % 150 ? room : round % 150);
		in += (uint32_t)written;
		assert_int_equal(sample_ring_count(ring), in - out);
		size_t read = sample_ring_read(ring, samples, round * 7 % 90);
		for (size_t i = 0; i < read; i++)
			assert_int_equal(samples[i], (int16_t)out++);
		assert_int_equal(sample_ring_count(ring), in - out);
	}
	assert_true(in > 10000);
	sample_ring_free(ring);
}

static void a_cleared_ring_has_only_what_came_after(void **state)
{
	sample_ring *ring = sample_ring_create(8);
	int16_t samples[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	for (int round = 0; round < 20; round++) { /* at each place of the buffer */
		assert_int_equal(sample_ring_write(ring, samples, 5), 5);
		sample_ring_clear(ring);
		assert_int_equal(sample_ring_count(ring), 0);
		assert_int_equal(sample_ring_room(ring), 3); /* until the reader comes */
		assert_int_equal(sample_ring_write(ring, samples + 5, 2), 2);
		assert_int_equal(sample_ring_count(ring), 2);
		int16_t got[8];
		assert_int_equal(sample_ring_read(ring, got, 8), 2);
		assert_memory_equal(got, samples + 5, 4);
		assert_int_equal(sample_ring_room(ring), 8);
	}
	sample_ring_free(ring);
}

#define MANY 2000000

static void *write_many(void *context)
{
	uint32_t next = 0;

	while (next < MANY) {
		int16_t samples[37];
		uint32_t after = next;
		size_t count = MANY - next < 37 ? MANY - next : 37;

		count_up(samples, count, &after);
		next += (uint32_t)sample_ring_write(context, samples, count);
	}
	return NULL;
}

static void a_ring_stands_between_two_threads(void **state)
{
	sample_ring *ring = sample_ring_create(1000);
	pthread_t writer;
	uint32_t next = 0;

	(void)state;
	pthread_create(&writer, NULL, write_many, ring);
	while (next < MANY) {
		int16_t samples[53];
		size_t count = sample_ring_read(ring, samples, 53);

		for (size_t i = 0; i < count; i++, next++)
			if (samples[i] != (int16_t)next)
				fail_msg("sample %u is %d", next, samples[i]);
	}
	pthread_join(writer, NULL);
	sample_ring_free(ring);
}

/* ---- rates ---- */

/* All of `in` at another rate, fed and pulled in odd pieces. */
static size_t resample(uint32_t from, uint32_t to, const int16_t *in, size_t count, int16_t *out)
{
	resampler *resampler = resampler_create(from, to);
	size_t fed = 0, made = 0, pulled;

	assert_non_null(resampler);
	do {
		size_t piece = count - fed < 33 ? count - fed : 33;

		fed += resampler_feed(resampler, in + fed, piece);
		while ((pulled = resampler_pull(resampler, out + made, 7)) > 0)
			made += pulled;
	} while (fed < count);
	resampler_free(resampler);
	return made;
}

static void a_tone_keeps_pitch_and_level_at_any_rate(void **state)
{
	static const uint32_t rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000};
	static int16_t in[48000], out[48100];

	(void)state;
	for (size_t f = 0; f < 8; f++) {
		for (size_t t = 0; t < 8; t++) {
			uint32_t from = rates[f], to = rates[t], lower = from < to ? from : to;

			sound_pattern(in, from, from, 0, 6000);
			size_t made = resample(from, to, in, from, out);
			/* all but the newest taps, which wait for what comes after */
			assert_in_range(made, to - to / 500 - 12, to);
			size_t from_second = to / 10, span = to / 10 * 8;
			double low = sound_db(sound_peak_at(out + from_second, span, to, 440) / 6000);
			double high = sound_db(sound_peak_at(out + from_second, span, to, 1000) / 6000);
			double rms = sound_db(sound_rms(out + from_second, span) / 6000);
			if (fabs(low) > 0.1 || fabs(high) > 0.1 || fabs(rms) > 0.1)
				fail_msg("%u to %u Hz: 440 Hz %+.2f dB, 1 kHz %+.2f dB, all %+.2f dB", from, to,
						 low, high, rms);
			/* near the edge of what both rates can carry */
			double edge = lower * 0.38, peak = 12000;
			for (size_t i = 0; i < from; i++)
				in[i] = (int16_t)lrint(peak * sin(2 * PI * edge * (double)i / from));
			resample(from, to, in, from, out);
			double kept = sound_db(sound_rms(out + from_second, span) / (peak / sqrt(2)));
			if (fabs(kept) > 0.5)
				fail_msg("%u to %u Hz: %.0f Hz is off by %+.2f dB", from, to, edge, kept);
		}
	}
}

static void what_a_lower_rate_cannot_carry_is_gone(void **state)
{
	static int16_t in[48000], out[48100];

	(void)state;
	for (size_t i = 0; i < 48000; i++)
		in[i] = (int16_t)lrint(16000 * sin(2 * PI * 10000 * (double)i / 48000));
	size_t made = resample(48000, 16000, in, 48000, out);
	double left = sound_db(sound_rms(out + 1600, made - 3200) / (16000 / sqrt(2)));
	if (left > -55)
		fail_msg("10 kHz is folded to 6 kHz with %+.1f dB", left);
	/* and what a higher rate could is not invented */
	for (size_t i = 0; i < 16000; i++)
		in[i] = (int16_t)lrint(16000 * sin(2 * PI * 5000 * (double)i / 16000));
	made = resample(16000, 48000, in, 16000, out);
	double image = sound_db(sound_peak_at(out + 4800, 38400, 48000, 11000) / 16000);
	if (image > -55)
		fail_msg("an image of %+.1f dB", image);
}

static void full_scale_saturates(void **state)
{
	static int16_t in[16000], out[48100];

	(void)state;
	for (size_t i = 0; i < 16000; i++)
		in[i] = i / 20 % 2 ? INT16_MIN : INT16_MAX;
	size_t made = resample(16000, 44100, in, 16000, out);
	for (size_t i = 100; i < made; i++) { /* it would have wrapped where it overshoots */
		size_t at = i * 16000 / 44100;
		if (at % 20 > 2 && at % 20 < 17 && (out[i] < 0) != (in[at] < 0))
			fail_msg("sample %zu is %d", i, out[i]);
	}
}

static void rates_are_checked(void **state)
{
	(void)state;
	assert_null(resampler_create(7999, 16000));
	assert_null(resampler_create(16000, 48001));
	assert_null(resampler_create(0, 16000));
	static const uint32_t table[][2] = {{0, 8000},      {8000, 8000},   {8001, 12000},
										{16000, 16000}, {22050, 24000}, {44100, 48000},
										{48000, 48000}, {48001, 0}};
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(audio_codec_rate(table[i][0]), table[i][1]);
}

static void ignore(void *context)
{
	(void)context;
}

static void what_a_board_has_no_stack_for_is_refused(void **state)
{
	static const uint32_t rates[] = {16000, 24000, 48000};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		audio_encoder_options options = {
			.sample_rate = rates[i], .channels = 1, .bitrate = 24000, .complexity = 1};
		port_feed_options fed = {.sample_rate = rates[i] - 1, .queue_ms = 50, .on_taken = ignore};
		port_audio_options opened = {
			.driver = PORT_AUDIO_WAV, .path = FIXTURES "/speech-16k.wav", .sample_rate = rates[i]};
		bool good = rates[i] <= AUDIO_SENT_RATE_MAX;
		char error[160];

		audio_encoder *encoder = audio_encoder_create(&options);
		assert_true((encoder != NULL) == good);
		audio_encoder_free(encoder);

		port_microphone *feed = port_feed_open(&fed, error, sizeof error);
		assert_true((feed != NULL) == good);
		port_microphone_close(feed);

		port_microphone *microphone = port_microphone_open(&opened, error, sizeof error);
		if (!good)
			assert_non_null(strstr(error, "without PSRAM"));
		assert_true(good || !microphone);
		port_microphone_close(microphone);
	}
}

/* ---- taps ---- */

static void on_samples(void *context)
{
	++*(unsigned *)context;
}

typedef struct {
	audio_uplink *uplink;
	audio_downlink *downlink;
	uint64_t now, captured;
	uint16_t sequence;
} call;

/* 20 ms of the pattern from one to the other; silence with `peak` 0, and nothing below. */
static void step(call *call, double peak, int16_t *played)
{
	int16_t samples[320] = {0};
	int32_t mix[320] = {0};
	audio_uplink_head head;
	uint8_t bytes[AUDIO_PACKET_MAX];
	size_t length;

	sound_pattern(samples, 320, 16000, call->captured, peak < 0 ? 0 : peak);
	call->captured += 320;
	if (peak >= 0)
		audio_uplink_capture(call->uplink, samples);
	while (ring_read(audio_uplink_ring(call->uplink), &head, sizeof head, bytes, sizeof bytes,
					 &length)) {
		audio_downlink_head arrival = {
			.sequence = call->sequence++, .timestamp = head.timestamp, .arrived = call->now};
		ring_write(audio_downlink_ring(call->downlink), &arrival, sizeof arrival, bytes, length);
	}
	audio_downlink_playout(call->downlink, mix, 320, call->now);
	audio_mix_finish(mix, played, 320);
	call->now += 20000;
}

static call start_call(void)
{
	audio_encoder_options options = {
		.sample_rate = 16000, .channels = 1, .bitrate = 24000, .complexity = 1};
	call call = {.uplink = audio_uplink_create(&options),
				 .downlink = audio_downlink_create(16000, JITTER_TARGET_MS),
				 .now = 1000000};

	audio_uplink_set_muted(call.uplink, false);
	return call;
}

static void end_call(call *call)
{
	audio_uplink_free(call->uplink);
	audio_downlink_free(call->downlink);
}

static void a_tap_gets_what_is_played(void **state)
{
	call call = start_call();
	unsigned told = 0;
	audio_tap taps[3];
	int16_t played[320], tapped[320];
	bool sounded = false;

	(void)state;
	assert_int_equal(audio_downlink_rate(call.downlink), 16000);
	for (int i = 0; i < 3; i++) {
		taps[i] = (audio_tap){
			.ring = sample_ring_create(3200), .on_samples = on_samples, .context = &told};
		assert_int_equal(audio_downlink_add_tap(call.downlink, &taps[i]), i < 2 ? 0 : -1);
	}
	uint32_t before = port_memory_of(PORT_AUDIO).allocations;
	for (int i = 0; i < 100; i++) { /* sound, its end, and sound again */
		step(&call, i < 40 || i > 60 ? 4000 : -1, played);
		assert_int_equal(sample_ring_count(taps[0].ring), 320);
		assert_int_equal(sample_ring_read(taps[0].ring, tapped, 320), 320);
		for (int j = 0; j < 320; j++) /* the fades of the mix are rounded another way */
			if (abs(played[j] - tapped[j]) > 2)
				fail_msg("frame %d, sample %d: %d is played, %d read", i, j, played[j], tapped[j]);
		sounded |= sound_rms(tapped, 320) > 3000;
	}
	assert_int_equal(port_memory_of(PORT_AUDIO).allocations, before);
	assert_true(sounded);
	assert_int_equal(told, 200);

	audio_downlink_stats stats; /* nobody read the second one */
	audio_downlink_get_stats(call.downlink, &stats);
	assert_int_equal(stats.frames_unread, 90);
	assert_int_equal(sample_ring_count(taps[1].ring), 3200);

	audio_downlink_remove_tap(call.downlink, &taps[0]);
	step(&call, 4000, played);
	assert_int_equal(sample_ring_count(taps[0].ring), 0);
	assert_int_equal(audio_downlink_add_tap(call.downlink, &taps[2]), 0);
	for (int i = 0; i < 3; i++)
		sample_ring_free(taps[i].ring);
	end_call(&call);
}

static void a_tap_does_not_hear_the_volume(void **state)
{
	call call = start_call();
	unsigned told = 0;
	audio_tap tap = {.ring = sample_ring_create(320), .on_samples = on_samples, .context = &told};
	int16_t played[320], tapped[320];

	(void)state;
	audio_downlink_add_tap(call.downlink, &tap);
	audio_downlink_set_volume(call.downlink, 0);
	for (int i = 0; i < 30; i++) {
		step(&call, 4000, played);
		sample_ring_read(tap.ring, tapped, 320);
	}
	assert_true(sound_rms(played, 320) == 0);
	double level = sound_db(sound_rms(tapped, 320) / 4000);
	if (fabs(level) > 1.5)
		fail_msg("%+.2f dB", level);
	sample_ring_free(tap.ring);
	end_call(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_gives_what_it_took_in_order),
		cmocka_unit_test(a_cleared_ring_has_only_what_came_after),
		cmocka_unit_test(a_ring_stands_between_two_threads),
		cmocka_unit_test(a_tone_keeps_pitch_and_level_at_any_rate),
		cmocka_unit_test(what_a_lower_rate_cannot_carry_is_gone),
		cmocka_unit_test(full_scale_saturates),
		cmocka_unit_test(rates_are_checked),
		cmocka_unit_test(what_a_board_has_no_stack_for_is_refused),
		cmocka_unit_test(a_tap_gets_what_is_played),
		cmocka_unit_test(a_tap_does_not_hear_the_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
