/* Level, codec, and the whole way of sound: capture, ring, jitter buffer, decoder, mix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <opus/opus.h>

#include "audio/engine.h"
#include "audio/level.h"
#include "audio/shorten.h"
#include "sound.h"

#define FRAME_US 20000
#define PEAK 4000.0

static const audio_encoder_options usual = {
	.sample_rate = 16000, .channels = 1, .bitrate = 24000, .complexity = 1};

/* ---- level ---- */

static double reference_level(const int16_t *samples, size_t count)
{
	double rms = sound_rms(samples, count);

	return rms > 0 ? -sound_db(rms / 32768) : 127;
}

static void level_is_within_1_db_of_a_double(void **state)
{
	static const size_t counts[] = {1, 80, 320, 480, 960, 5760};
	int16_t samples[5760];
	uint32_t seed = 5;

	(void)state;
	for (size_t c = 0; c < 6; c++) {
		for (double peak = 32767; peak >= 1; peak *= 0.9) {
			for (size_t i = 0; i < counts[c]; i++) {
				seed = seed * 1664525 + 1013904223;
				samples[i] = (int16_t)lrint(peak * ((double)seed / UINT32_MAX * 2 - 1));
			}
			double expected = fmin(reference_level(samples, counts[c]), 127);
			double got = audio_level(samples, counts[c]);
			if (fabs(expected - got) > 0.6)
				fail_msg("%zu samples of %f: %f instead of %f", counts[c], peak, got, expected);
		}
	}
}

static void level_of_extremes(void **state)
{
	int16_t samples[960];

	(void)state;
	memset(samples, 0, sizeof samples);
	assert_int_equal(audio_level(samples, 960), 127);
	samples[3] = 1;
	assert_int_equal(audio_level(samples, 960), 120);
	for (size_t i = 0; i < 960; i++)
		samples[i] = i & 1 ? INT16_MIN : INT16_MAX;
	assert_int_equal(audio_level(samples, 960), 0);
	for (size_t i = 0; i < 960; i++)
		samples[i] = INT16_MIN;
	assert_int_equal(audio_level(samples, 960), 0);
}

static void voice_is_what_stands_out_of_the_noise(void **state)
{
	audio_voice voice;
	int spoken = 0;

	(void)state;
	audio_voice_init(&voice);
	for (int i = 0; i < 500; i++) /* a noisy room, at -48 dBov for 10 s */
		spoken = audio_voice_update(&voice, 48);
	assert_false(spoken);
	assert_true(audio_voice_update(&voice, 25));
	for (int i = 0; i < AUDIO_VOICE_HANGOVER - 1; i++)
		assert_true(audio_voice_update(&voice, 48));
	assert_false(audio_voice_update(&voice, 48));
}

/* ---- codec ---- */

static void encoder_options_are_checked(void **state)
{
	static const struct {
		audio_encoder_options options;
		bool good;
	} table[] = {
		{{16000, 1, 24000, 1, 0, false, false}, true},
		{{24000, 1, 6000, 10, 100, true, true}, true},
		{{48000, 1, 128000, 0, 0, false, false}, true},
		{{8000, 1, 24000, 1, 0, false, false}, true},
		{{12000, 1, 24000, 1, 0, false, false}, true},
		{{11025, 1, 24000, 1, 0, false, false}, false},
		{{44100, 1, 24000, 1, 0, false, false}, false},
		{{0, 1, 24000, 1, 0, false, false}, false},
		{{16000, 0, 24000, 1, 0, false, false}, false},
		{{16000, 2, 24000, 1, 0, false, false}, false},
		{{16000, 1, 5999, 1, 0, false, false}, false},
		{{16000, 1, 128001, 1, 0, false, false}, false},
		{{16000, 1, 24000, 11, 0, false, false}, false},
		{{16000, 1, 24000, 1, 101, false, false}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		audio_encoder *encoder = audio_encoder_create(&table[i].options);

		if ((encoder != NULL) != table[i].good)
			fail_msg("row %zu", i);
		audio_encoder_free(encoder);
	}
	assert_null(audio_decoder_create(44100, 1));
	assert_null(audio_decoder_create(48000, 2));
	assert_null(audio_downlink_create(44100, 60));
}

static void corrupt_packets_are_refused(void **state)
{
	audio_decoder *decoder = audio_decoder_create(16000, 1);
	static const uint8_t corrupt[] = {0xff, 0xff}; /* code 3, 63 frames */
	int16_t out[1920];

	(void)state;
	assert_int_equal(audio_decode(decoder, corrupt, 2, out, 1920), -1);
	assert_int_equal(audio_decode(decoder, corrupt, 0, out, 1920), -1);
	assert_int_equal(audio_packet_duration(corrupt, 2), 0);
	assert_int_equal(audio_packet_duration(corrupt, 0), 0);
	assert_int_equal(audio_decode(decoder, NULL, 0, out, 320), 320);
	audio_decoder_free(decoder);
}

/* ---- the whole way ---- */

typedef struct {
	audio_uplink *uplink;
	audio_downlink *downlink;
	uint32_t microphone_rate, speaker_rate;
	uint64_t now, captured; /* microseconds, samples */
	uint16_t sequence;
	int16_t *out; /* all that was played */
	size_t out_count;
} call;

static call start_call(uint32_t microphone_rate, uint32_t speaker_rate)
{
	audio_encoder_options options = usual;
	call call = {.microphone_rate = microphone_rate, .speaker_rate = speaker_rate, .now = 1000000};

	options.sample_rate = microphone_rate;
	if (microphone_rate == 48000)
		options.bitrate = 32000;
	call.uplink = audio_uplink_create(&options);
	call.downlink = audio_downlink_create(speaker_rate, JITTER_TARGET_MS);
	call.out = calloc(48000 * 30, sizeof *call.out);
	assert_true(call.uplink && call.downlink && call.out);
	audio_uplink_set_muted(call.uplink, false);
	return call;
}

static void end_call(call *call)
{
	audio_uplink_free(call->uplink);
	audio_downlink_free(call->downlink);
	free(call->out);
}

static bool capture(call *call, double peak)
{
	int16_t samples[AUDIO_FRAME_MAX];
	size_t count = call->microphone_rate / 50;

	sound_pattern(samples, count, call->microphone_rate, call->captured, peak);
	call->captured += count;
	return audio_uplink_capture(call->uplink, samples);
}

typedef struct {
	audio_uplink_head head;
	uint16_t sequence;
	uint8_t bytes[AUDIO_PACKET_MAX];
	size_t length;
} packet;

static bool take(call *call, packet *out)
{
	if (!ring_read(audio_uplink_ring(call->uplink), &out->head, sizeof out->head, out->bytes,
				   sizeof out->bytes, &out->length))
		return false;
	out->sequence = call->sequence++;
	return true;
}

static void deliver(call *call, const packet *packet)
{
	audio_downlink_head head = {
		.sequence = packet->sequence, .timestamp = packet->head.timestamp, .arrived = call->now};

	assert_true(ring_write(audio_downlink_ring(call->downlink), &head, sizeof head, packet->bytes,
						   packet->length));
}

/* 20 ms of speaker. */
static bool play(call *call)
{
	int32_t mix[AUDIO_FRAME_MAX] = {0};
	size_t count = call->speaker_rate / 50;
	bool sound = audio_downlink_playout(call->downlink, mix, count, call->now);

	audio_mix_finish(mix, call->out + call->out_count, count);
	call->out_count += count;
	call->now += FRAME_US;
	return sound;
}

static audio_downlink_stats heard(call *call)
{
	audio_downlink_stats stats;

	audio_downlink_get_stats(call->downlink, &stats);
	return stats;
}

/* The second to last second, so that neither start nor end is in it. */
static const int16_t *middle(call *call)
{
	return call->out + call->out_count - 2 * call->speaker_rate;
}

/* Level within 1 dB; at complexity 1 SILK takes up to 1.3 dB off a single low tone. */
static void assert_pattern(call *call, double peak)
{
	double a = sound_peak_at(middle(call), call->speaker_rate, call->speaker_rate, 440);
	double b = sound_peak_at(middle(call), call->speaker_rate, call->speaker_rate, 1000);
	double level = sound_db(sound_rms(middle(call), call->speaker_rate) / peak);

	if (fabs(sound_db(a / peak)) > 1.5 || fabs(sound_db(b / peak)) > 1.5 || fabs(level) > 1)
		fail_msg("%u to %u Hz: 440 Hz %+.2f dB, 1 kHz %+.2f dB, level %+.2f dB",
				 (unsigned)call->microphone_rate, (unsigned)call->speaker_rate, sound_db(a / peak),
				 sound_db(b / peak), level);
}

static void the_pattern_arrives_at_every_rate(void **state)
{
	static const uint32_t rates[] = {16000, 24000, 48000};

	(void)state;
	for (size_t m = 0; m < 3; m++) {
		for (size_t s = 0; s < 3; s++) {
			call call = start_call(rates[m], rates[s]);
			packet packet;

			for (int i = 0; i < 250; i++) {
				assert_true(capture(&call, PEAK));
				assert_true(take(&call, &packet));
				deliver(&call, &packet);
				play(&call);
			}
			assert_pattern(&call, PEAK);
			size_t start = call.speaker_rate / 5;
			assert_int_equal(sound_longest_gap(call.out + start, call.out_count - start,
											   call.speaker_rate, PEAK / 4),
							 0);
			audio_downlink_stats stats = heard(&call);
			assert_int_equal(stats.frames_concealed + stats.decode_errors, 0);
			assert_int_equal(stats.frames_shortened, 0);
			assert_int_equal(stats.jitter.lost, 0);
			/* filled on the third packet: two ticks after the first */
			assert_in_range(stats.first_sound, 1000000 + 2 * FRAME_US, 1000000 + 3 * FRAME_US);
			end_call(&call);
		}
	}
}

static void loss_is_concealed(void **state)
{
	call call = start_call(16000, 16000);
	packet packet;
	uint32_t lost = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
		if (i % 10 == 7)
			lost++;
		else
			deliver(&call, &packet);
		play(&call);
	}
	audio_downlink_stats stats = heard(&call);
	assert_int_equal(stats.jitter.lost, lost);
	assert_int_equal(stats.frames_concealed, lost);
	assert_int_equal(sound_longest_gap(call.out + 3200, call.out_count - 3200, 16000, PEAK / 8), 0);
	/* two sines of 4000 step by at most 2300 at 16 kHz */
	assert_in_range(sound_largest_step(call.out, call.out_count), 0, 4000);
	end_call(&call);
}

static void reordering_and_duplicates_change_nothing(void **state)
{
	call call = start_call(16000, 16000);
	packet held, packet;

	(void)state;
	call.sequence = 65400; /* and across the wrap */
	for (int i = 0; i < 300; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
		if (i % 5 == 1) {
			held = packet;
		} else {
			deliver(&call, &packet);
			if (i % 5 == 2)
				deliver(&call, &held);
			if (i % 5 == 3)
				deliver(&call, &packet);
		}
		play(&call);
	}
	audio_downlink_stats stats = heard(&call);
	assert_int_equal(stats.frames_concealed, 0);
	assert_int_equal(stats.jitter.duplicate + stats.jitter.late, 60);
	assert_pattern(&call, PEAK);
	end_call(&call);
}

/* Other senders' packets: longer and shorter than our 20 ms. */
static void other_packet_lengths_play_right(void **state)
{
	static const uint32_t lengths_ms[] = {10, 40, 60};

	(void)state;
	for (size_t l = 0; l < 3; l++) {
		call call = start_call(48000, 16000);
		uint32_t count = lengths_ms[l] * 48, timestamp = 5;
		OpusEncoder *encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, NULL);
		int16_t samples[2880];
		uint64_t sent = 0;

		for (int i = 0; i < 250; i++) {
			while (sent * 1000 / 48 <= (uint64_t)i * FRAME_US) {
				packet packet = {.sequence = call.sequence++};

				sound_pattern(samples, count, 48000, sent, PEAK);
				packet.head.timestamp = timestamp;
				packet.length = (size_t)opus_encode(encoder, samples, (int)count, packet.bytes,
													sizeof packet.bytes);
				deliver(&call, &packet);
				sent += count;
				timestamp += count;
			}
			play(&call);
		}
		audio_downlink_stats stats = heard(&call);
		assert_int_equal(stats.frames_concealed + stats.decode_errors, 0);
		assert_int_equal(sound_longest_gap(call.out + 3200, call.out_count - 3200, 16000, PEAK / 4),
						 0);
		assert_pattern(&call, PEAK);
		opus_encoder_destroy(encoder);
		end_call(&call);
	}
}

static void muted_sends_nothing_and_time_goes_on(void **state)
{
	audio_uplink *uplink = audio_uplink_create(&usual);
	call call = {.uplink = uplink, .microphone_rate = 16000};
	packet first, packet;
	audio_uplink_stats stats;

	(void)state;
	assert_true(audio_uplink_is_muted(uplink));
	assert_false(capture(&call, PEAK)); /* nothing before it is allowed */
	audio_uplink_set_muted(uplink, false);
	assert_true(capture(&call, PEAK));
	assert_true(take(&call, &first));
	assert_true(first.head.marker);
	capture(&call, PEAK);
	take(&call, &packet);
	assert_false(packet.head.marker);
	assert_true(packet.head.voice);
	assert_in_range(packet.head.level, 17, 19); /* two sines of 4000: -18.3 dBov */
	assert_int_equal(packet.head.timestamp, first.head.timestamp + AUDIO_RTP_FRAME);

	audio_uplink_set_muted(uplink, true);
	for (int i = 0; i < 50; i++)
		assert_false(capture(&call, PEAK));
	assert_false(take(&call, &packet));
	audio_uplink_skip(uplink, 5);
	audio_uplink_set_muted(uplink, false);
	assert_true(capture(&call, PEAK));
	assert_true(take(&call, &packet));
	assert_true(packet.head.marker);
	assert_int_equal(packet.head.timestamp, first.head.timestamp + 57 * AUDIO_RTP_FRAME);

	audio_uplink_get_stats(uplink, &stats);
	assert_int_equal(stats.frames_captured, 54);
	assert_int_equal(stats.frames_muted, 51);
	assert_int_equal(stats.frames_encoded, 3);
	assert_int_equal(stats.frames_zero, 0);
	assert_true(capture(&call, 0));
	audio_uplink_get_stats(uplink, &stats);
	assert_int_equal(stats.frames_zero, 1);
	assert_true(stats.bytes_encoded > 60);
	audio_uplink_free(uplink);
}

/* What was said before the mute must not be heard after it. */
static void nothing_from_before_the_mute_is_sent_after_it(void **state)
{
	call call = start_call(16000, 16000);
	packet packet;

	(void)state;
	for (int i = 0; i < 50; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
	}
	audio_uplink_set_muted(call.uplink, true);
	capture(&call, PEAK);
	audio_uplink_set_muted(call.uplink, false);
	for (int i = 0; i < 20; i++) {
		capture(&call, 0);
		take(&call, &packet);
		deliver(&call, &packet);
		assert_false(play(&call));
	}
	end_call(&call);
}

#define SPEECH_FRAMES 405 /* of the fixture; the last second is silent */

/* The fixture twice through an encoder with DTX. */
static void a_dtx_pause_is_quiet_on_the_wire_and_keeps_its_length(void **state)
{
	audio_encoder_options options = usual;
	call call = start_call(16000, 16000);
	FILE *file = fopen(FIXTURES "/speech-16k.wav", "rb");
	int16_t *speech = calloc(SPEECH_FRAMES, 640);
	int sent_in_pause = 0, refreshes_marked = 0;
	size_t begun[2] = {0};

	(void)state;
	assert_non_null(file);
	assert_int_equal(fseek(file, 44, SEEK_SET), 0);
	assert_int_equal(fread(speech, 640, SPEECH_FRAMES, file), SPEECH_FRAMES);
	fclose(file);
	audio_uplink_free(call.uplink);
	options.dtx = true;
	call.uplink = audio_uplink_create(&options);
	audio_uplink_set_muted(call.uplink, false);
	for (int i = 0; i < 2 * SPEECH_FRAMES; i++) {
		bool pause = i % SPEECH_FRAMES >= SPEECH_FRAMES - 40;
		packet packet;

		audio_uplink_capture(call.uplink, speech + i % SPEECH_FRAMES * 320);
		if (take(&call, &packet)) {
			sent_in_pause += pause;
			refreshes_marked += pause && packet.head.marker;
			deliver(&call, &packet);
		}
		play(&call);
		size_t round = call.out_count / 320 > SPEECH_FRAMES + 10;
		if (!begun[round] && sound_rms(call.out + call.out_count - 320, 320) > 300)
			begun[round] = call.out_count;
	}
	assert_in_range(sent_in_pause, 2, 20); /* of 80 */
	assert_true(refreshes_marked > 0);
	assert_in_range(begun[1] - begun[0], (SPEECH_FRAMES - 2) * 320, (SPEECH_FRAMES + 2) * 320);
	double said = sound_rms(speech, SPEECH_FRAMES * 320);
	double got = sound_rms(call.out, SPEECH_FRAMES * 320);
	if (fabs(sound_db(got / said)) > 1)
		fail_msg("level %+.2f dB", sound_db(got / said));
	assert_int_equal(heard(&call).jitter.resyncs + heard(&call).jitter.lost, 0);
	free(speech);
	end_call(&call);
}

static void an_end_fades_and_stops(void **state)
{
	call call = start_call(16000, 16000);
	packet packet;

	(void)state;
	for (int i = 0; i < 100; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
		deliver(&call, &packet);
		play(&call);
	}
	for (int i = 0; i < 50; i++)
		play(&call);
	audio_downlink_stats stats = heard(&call);
	assert_true(stats.frames_silent > 30);
	for (size_t i = call.out_count - 16000 / 2; i < call.out_count; i++)
		assert_int_equal(call.out[i], 0);
	assert_in_range(sound_largest_step(call.out, call.out_count), 0, 3000);
	/* and begins again */
	for (int i = 0; i < 150; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
		deliver(&call, &packet);
		play(&call);
	}
	assert_pattern(&call, PEAK);
	assert_in_range(sound_largest_step(call.out, call.out_count), 0, 3000);
	end_call(&call);
}

/* A low tone as music, where a cut anywhere would be a step many times its own. */
static void starts_and_stops_without_a_click(void **state)
{
	call call = start_call(48000, 16000);
	OpusEncoder *encoder =
		opus_encoder_create(48000, 1, OPUS_APPLICATION_RESTRICTED_LOWDELAY, NULL);
	uint64_t sent = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		packet packet = {.sequence = call.sequence++};
		int16_t samples[960];

		for (size_t j = 0; j < 960; j++)
			samples[j] = (int16_t)lrint(2 * PEAK * sin(2 * PI * 100 * (double)sent++ / 48000));
		packet.head.timestamp = (uint32_t)sent;
		packet.length = (size_t)opus_encode(encoder, samples, 960, packet.bytes, 300);
		if (i % 100 < 50) /* talks, is cut off, and so on */
			deliver(&call, &packet);
		play(&call);
	}
	/* the tone itself steps by 314 */
	assert_in_range(sound_largest_step(call.out, call.out_count), 300, 450);
	opus_encoder_destroy(encoder);
	end_call(&call);
}

static void a_burst_is_caught_up_without_a_click(void **state)
{
	call call = start_call(16000, 16000);
	packet packet;

	(void)state;
	for (int i = 0; i < 300; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
		deliver(&call, &packet);
		if (i >= 12) /* 240 ms wait when the speaker begins */
			play(&call);
	}
	audio_downlink_stats stats = heard(&call);
	assert_in_range(stats.frames_shortened, 8, 30);
	assert_in_range(stats.jitter.depth, 2, 5);
	assert_int_equal(stats.frames_concealed, 0);
	assert_in_range(sound_largest_step(call.out, call.out_count), 0, 3000);
	assert_pattern(&call, PEAK);
	end_call(&call);
}

static void volume_scales_and_ramps(void **state)
{
	static const struct {
		int32_t volume;
		double factor;
	} table[] = {{AUDIO_VOLUME_ONE / 2, 0.5},
				 {AUDIO_VOLUME_ONE, 1},
				 {2 * AUDIO_VOLUME_ONE, 2},
				 {0, 0},
				 {INT32_MIN, 0},
				 {AUDIO_VOLUME_ONE, 1}};
	call call = start_call(16000, 16000);
	packet packet;

	(void)state;
	for (size_t v = 0; v < sizeof table / sizeof *table; v++) {
		audio_downlink_set_volume(call.downlink, table[v].volume);
		for (int i = 0; i < 120; i++) {
			capture(&call, PEAK);
			take(&call, &packet);
			deliver(&call, &packet);
			play(&call);
		}
		if (table[v].factor > 0)
			assert_pattern(&call, PEAK * table[v].factor);
		else
			assert_int_equal(sound_rms(middle(&call), 16000), 0);
	}
	assert_in_range(sound_largest_step(call.out, call.out_count), 0, 6000);
	end_call(&call);
}

static void corrupt_arrivals_are_counted_and_concealed(void **state)
{
	call call = start_call(16000, 16000);
	packet packet;

	(void)state;
	for (int i = 0; i < 100; i++) {
		capture(&call, PEAK);
		take(&call, &packet);
		if (i == 50)
			memset(packet.bytes, 0xff, packet.length);
		deliver(&call, &packet);
		packet.length = 0; /* and padding alone, which is not corrupt */
		deliver(&call, &packet);
		play(&call);
	}
	assert_int_equal(heard(&call).decode_errors, 1);
	assert_int_equal(heard(&call).frames_concealed, 1);
	end_call(&call);
}

/* Whatever an authenticated but hostile peer sends: no fault, and it ends in silence. */
static void survives_noise(void **state)
{
	call call = start_call(16000, 16000);
	uint32_t seed = 11;

	(void)state;
	for (int i = 0; i < 1400; i++) {
		for (int j = 0; j < 3; j++) {
			audio_downlink_head head = {.arrived = call.now};
			uint8_t bytes[JITTER_PACKET_MAX + 8];
			size_t length = 0;

			for (; length < sizeof bytes; length++) {
				seed = seed * 1664525 + 1013904223;
				bytes[length] = (uint8_t)(seed >> 24);
			}
			if (i % 4) /* a code that is valid for any length: one frame of 20 ms */
				bytes[0] = (uint8_t)((bytes[0] & 0xe0) | 0x18);
			length = i % 3 ? (seed >> 8) % 80 : (seed >> 8) % sizeof bytes;
			head.sequence = (uint16_t)(i * 3 + j + (int)(seed >> 30));
			head.timestamp = seed >> 29 ? (uint32_t)(i * 3 + j) * 960 : seed;
			ring_write(audio_downlink_ring(call.downlink), &head, sizeof head, bytes, length);
		}
		play(&call);
	}
	assert_true(heard(&call).frames_decoded > 100);
	for (int i = 0; i < 100; i++)
		play(&call);
	assert_false(play(&call));
	assert_int_equal(heard(&call).jitter.depth, 0);
	end_call(&call);
}

static void the_mix_saturates(void **state)
{
	static const int32_t mix[] = {0, 32767, 32768, -32768, -32769, 1000000, -1000000};
	static const int16_t expected[] = {0, 32767, 32767, -32768, -32768, 32767, -32768};
	int16_t out[7];

	(void)state;
	audio_mix_finish(mix, out, 7);
	assert_memory_equal(out, expected, sizeof expected);
}

static void shortening_joins_at_a_period(void **state)
{
	static const uint32_t rates[] = {16000, 24000, 48000};

	(void)state;
	for (size_t r = 0; r < 3; r++) {
		uint32_t rate = rates[r];
		int16_t samples[5760];

		for (uint32_t ms = 5; ms <= 120; ms += 5) {
			size_t count = rate * ms / 1000;

			sound_pattern(samples, count, rate, 0, PEAK);
			int16_t first = samples[0], last = samples[count - 1];
			int step = sound_largest_step(samples, count);
			size_t left = audio_shorten(samples, count, rate);
			assert_true(left <= count && count - left <= rate * 15 / 1000);
			if (ms >= 10)
				assert_true(left < count);
			assert_int_equal(samples[0], first);
			assert_int_equal(samples[left - 1], last);
			if (ms >= 20)
				assert_in_range(sound_largest_step(samples, left), 0, step * 13 / 10);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_is_within_1_db_of_a_double),
		cmocka_unit_test(level_of_extremes),
		cmocka_unit_test(voice_is_what_stands_out_of_the_noise),
		cmocka_unit_test(encoder_options_are_checked),
		cmocka_unit_test(corrupt_packets_are_refused),
		cmocka_unit_test(the_pattern_arrives_at_every_rate),
		cmocka_unit_test(loss_is_concealed),
		cmocka_unit_test(reordering_and_duplicates_change_nothing),
		cmocka_unit_test(other_packet_lengths_play_right),
		cmocka_unit_test(muted_sends_nothing_and_time_goes_on),
		cmocka_unit_test(nothing_from_before_the_mute_is_sent_after_it),
		cmocka_unit_test(a_dtx_pause_is_quiet_on_the_wire_and_keeps_its_length),
		cmocka_unit_test(an_end_fades_and_stops),
		cmocka_unit_test(starts_and_stops_without_a_click),
		cmocka_unit_test(a_burst_is_caught_up_without_a_click),
		cmocka_unit_test(volume_scales_and_ramps),
		cmocka_unit_test(corrupt_arrivals_are_counted_and_concealed),
		cmocka_unit_test(survives_noise),
		cmocka_unit_test(the_mix_saturates),
		cmocka_unit_test(shortening_joins_at_a_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
