/* Microphones that are fed, several at a time, and speakers that play nowhere, on the audio thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "audio.h"
#include "memory.h"
#include "sound.h"
#include "transport.h"

static void nap(uint64_t microseconds)
{
	struct timespec time = {(time_t)(microseconds / 1000000),
							(long)(microseconds % 1000000) * 1000};

	nanosleep(&time, NULL);
}

typedef struct {
	port_microphone *port;
	atomic_uint ticks;
	uint32_t rate;
	uint64_t made; /* samples of the pattern */
} feed;

static void on_taken(void *context)
{
	atomic_fetch_add(&((feed *)context)->ticks, 1);
}

static void open_feed(feed *feed, uint32_t rate, uint32_t queue_ms)
{
	port_feed_options options = {
		.sample_rate = rate, .queue_ms = queue_ms, .on_taken = on_taken, .context = feed};
	char error[160];

	memset(feed, 0, sizeof *feed);
	feed->rate = rate;
	feed->port = port_feed_open(&options, error, sizeof error);
	if (!feed->port)
		fail_msg("%s", error);
}

static audio_uplink *attach(const feed *feed)
{
	audio_encoder_options options = {.sample_rate = port_microphone_rate(feed->port),
									 .channels = 1,
									 .bitrate = 16000, /* the ring holds 600 ms */
									 .complexity = 1};
	audio_uplink *uplink = audio_uplink_create(&options);

	assert_non_null(uplink);
	audio_uplink_set_muted(uplink, false);
	assert_int_equal(port_microphone_attach(feed->port, uplink, NULL, NULL), 0);
	return uplink;
}

/* `samples` more of the pattern, as fast as they are taken. Microseconds that took. */
static uint64_t say(feed *feed, size_t samples)
{
	uint64_t began = port_now();

	while (samples > 0) {
		int16_t piece[480];
		size_t count = samples < 480 ? samples : 480;

		sound_pattern(piece, count, feed->rate, feed->made, 4000);
		size_t pushed = port_feed_push(feed->port, piece, count);
		feed->made += pushed;
		samples -= pushed;
		if (pushed < count)
			nap(2000);
	}
	return port_now() - began;
}

typedef struct {
	uint32_t packets, markers, first, last; /* timestamps */
	int16_t samples[96000];
	size_t count;
} heard;

/* Decodes what was sent. */
static void hear(audio_uplink *uplink, uint32_t rate, heard *out)
{
	audio_decoder *decoder = audio_decoder_create(rate, 1);
	audio_uplink_head head;
	uint8_t bytes[AUDIO_PACKET_MAX];
	size_t length;

	memset(out, 0, sizeof *out);
	while (ring_read(audio_uplink_ring(uplink), &head, sizeof head, bytes, sizeof bytes, &length)) {
		if (out->packets++ == 0)
			out->first = head.timestamp;
		out->last = head.timestamp;
		out->markers += head.marker;
		int count = audio_decode(decoder, bytes, length, out->samples + out->count, 960);
		assert_true(count > 0);
		out->count += (size_t)count;
	}
	audio_decoder_free(decoder);
}

static void options_are_checked(void **state)
{
	static const uint32_t table[][2] = {
		{7999, 50}, {48001, 50}, {0, 50}, {16000, 19}, {16000, 1001}};
	char error[160] = "";

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		port_feed_options options = {.sample_rate = table[i][0], .queue_ms = table[i][1]};
		assert_null(port_feed_open(&options, error, sizeof error));
		assert_non_null(strstr(error, "8000 to 48000"));
	}
}

/* One that asks for room gets it as fast as time passes, and not faster. */
static void what_is_fed_keeps_the_pace(void **state)
{
	static const uint32_t rates[] = {8000, 16000, 44100, 48000};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		static heard heard;
		port_audio_stats before, after;
		feed feed;

		port_audio_get_stats(&before);
		open_feed(&feed, rates[i], 60);
		uint32_t rate = port_microphone_rate(feed.port);
		assert_int_equal(rate, rates[i] == 44100 ? 48000 : rates[i]);
		audio_uplink *uplink = attach(&feed);
		uint64_t took = say(&feed, rates[i] * 2 / 5);
		assert_true(port_feed_queued(feed.port) <= 60000);
		/* 400 ms, of which the queue holds 60 and a tick may have come at once */
		if (took < 310000 || took > 700000)
			fail_msg("%u Hz: 400 ms took %u us", rates[i], (unsigned)took);
		nap(150000);
		assert_int_equal(port_feed_queued(feed.port), 0);
		assert_in_range(atomic_load(&feed.ticks), 20, 40);
		port_microphone_detach(feed.port, uplink);
		port_microphone_close(feed.port);
		hear(uplink, rate, &heard);
		port_audio_get_stats(&after);
		assert_in_range(heard.markers, 1, 1 + after.stalls - before.stalls);
		size_t from = rate / 10, span = rate / 5;
		double low = sound_db(sound_peak_at(heard.samples + from, span, rate, 440) / 4000);
		double high = sound_db(sound_peak_at(heard.samples + from, span, rate, 1000) / 4000);
		if (fabs(low) > 1.5 || fabs(high) > 1.5)
			fail_msg("%u Hz: 440 Hz %+.2f dB, 1 kHz %+.2f dB", rates[i], low, high);
		audio_uplink_free(uplink);
	}
}

static void nothing_fed_is_nothing_sent(void **state)
{
	static heard heard;
	audio_uplink_stats stats;
	feed feed;

	(void)state;
	open_feed(&feed, 16000, 50);
	audio_uplink *uplink = attach(&feed);
	nap(100000);
	hear(uplink, 16000, &heard);
	assert_int_equal(heard.packets, 0);

	/* 50 ms: two frames and a scrap, which goes, too; then 200 ms of silence, then no more */
	say(&feed, 800);
	nap(500000);
	hear(uplink, 16000, &heard);
	assert_in_range(heard.packets, 12, 14); /* the scrap waits a tick */
	assert_int_equal(heard.markers, 1);
	uint32_t stopped = heard.last;
	say(&feed, 320);
	nap(100000);
	hear(uplink, 16000, &heard);
	assert_true(heard.packets > 0);
	assert_int_equal(heard.markers, 1);
	assert_true(heard.first - stopped >= 10 * AUDIO_RTP_FRAME); /* time has passed */
	audio_uplink_get_stats(uplink, &stats);
	assert_true(stats.frames_skipped >= 12);

	/* muted: taken as ever, and not sent */
	audio_uplink_set_muted(uplink, true);
	hear(uplink, 16000, &heard);
	assert_true(say(&feed, 3200) > 100000);
	nap(100000);
	assert_int_equal(port_feed_queued(feed.port), 0);
	hear(uplink, 16000, &heard);
	assert_int_equal(heard.packets, 0);
	port_microphone_detach(feed.port, uplink);

	/* nobody listens: taken as ever */
	say(&feed, 3200);
	nap(100000);
	assert_int_equal(port_feed_queued(feed.port), 0);
	port_microphone_close(feed.port);
	audio_uplink_free(uplink);
}

static void what_is_cleared_is_not_sent(void **state)
{
	static heard heard;
	int16_t silence[8000] = {0};
	feed feed;

	(void)state;
	open_feed(&feed, 16000, 500);
	audio_uplink *uplink = attach(&feed);
	say(&feed, 8000);
	port_feed_clear(feed.port);
	assert_int_equal(port_feed_queued(feed.port), 0);
	nap(30000); /* a tick makes room, with nothing to take */
	assert_int_equal(port_feed_push(feed.port, silence, 8000), 8000);
	nap(100000);
	assert_true(port_feed_queued(feed.port) > 300000);
	hear(uplink, 16000, &heard);
	assert_in_range(heard.packets, 3, 15);
	assert_true(sound_rms(heard.samples + 960, heard.count - 960) < 100);
	port_microphone_close(feed.port);
	audio_uplink_free(uplink);
}

/* Each by itself, beside the other, and no more than there is a place for. */
static void several_are_fed_at_once(void **state)
{
	static heard heard;
	port_feed_options one_more = {.sample_rate = 16000, .queue_ms = 50};
	port_audio_options none = {.driver = PORT_AUDIO_NONE, .sample_rate = 24000};
	audio_uplink *uplinks[PORT_FEEDS_MAX];
	feed feeds[PORT_FEEDS_MAX];
	char error[160];

	(void)state;
	port_speaker *speaker = port_speaker_open(&none, error, sizeof error);
	assert_non_null(speaker);
	assert_null(port_microphone_open(&none, error, sizeof error)); /* of speakers only */
	for (int i = 0; i < PORT_FEEDS_MAX; i++) {
		open_feed(&feeds[i], 16000, 500);
		uplinks[i] = attach(&feeds[i]);
	}
	assert_null(port_feed_open(&one_more, error, sizeof error));
	assert_non_null(strstr(error, "too many"));
	port_audio_options wav = {
		.driver = PORT_AUDIO_WAV, .path = FIXTURES "/speech-16k.wav", .sample_rate = 16000};
	port_microphone *microphone = port_microphone_open(&wav, error, sizeof error);
	assert_non_null(microphone);
	assert_null(port_microphone_open(&wav, error, sizeof error));
	assert_non_null(strstr(error, "open already"));

	for (int i = 0; i < PORT_FEEDS_MAX; i++) {
		int16_t tone[6400];
		for (int j = 0; j < 6400; j++)
			tone[j] = (int16_t)lrint(8000 * sin(2 * PI * (300 + 200 * i) * j / 16000.0));
		assert_int_equal(port_feed_push(feeds[i].port, tone, 6400), 6400);
	}
	nap(500000);
	for (int i = 0; i < PORT_FEEDS_MAX; i++) {
		hear(uplinks[i], 16000, &heard);
		assert_true(heard.count > 5000);
		for (int j = 0; j < PORT_FEEDS_MAX; j++) {
			double peak = sound_peak_at(heard.samples + 1600, 3200, 16000, 300 + 200 * j) / 8000;
			if (i == j ? fabs(sound_db(peak)) > 1.5 : sound_db(peak) > -20)
				fail_msg("feed %d has %+.1f dB of feed %d", i, sound_db(peak), j);
		}
	}
	port_microphone_close(microphone);
	for (int i = 0; i < PORT_FEEDS_MAX; i++) {
		port_microphone_close(feeds[i].port);
		audio_uplink_free(uplinks[i]);
	}
	port_speaker_close(speaker);
}

typedef struct {
	audio_downlink *downlink;
	atomic_bool stop;
	atomic_uint samples;
} churn;

static void on_samples(void *context)
{
	atomic_fetch_add(&((churn *)context)->samples, 1);
}

/* What is freed at once, while the audio thread runs. */
static void *tap_and_untap(void *context)
{
	churn *churn = context;

	while (!atomic_load(&churn->stop)) {
		audio_tap tap = {
			.ring = sample_ring_create(960), .on_samples = on_samples, .context = churn};
		feed feed;

		assert_int_equal(port_speaker_tap(churn->downlink, &tap), 0);
		open_feed(&feed, 44100, 40);
		audio_uplink *uplink = attach(&feed);
		say(&feed, 882);
		nap(3000);
		port_microphone_close(feed.port);
		audio_uplink_free(uplink);
		port_speaker_untap(churn->downlink, &tap);
		sample_ring_free(tap.ring);
	}
	return NULL;
}

static void what_is_closed_is_let_go(void **state)
{
	port_audio_options none = {.driver = PORT_AUDIO_NONE, .sample_rate = 16000};
	churn churn = {.downlink = audio_downlink_create(16000, JITTER_TARGET_MS)};
	pthread_t threads[2];
	char error[160];

	(void)state;
	port_speaker *speaker = port_speaker_open(&none, error, sizeof error);
	assert_int_equal(port_speaker_attach(speaker, churn.downlink), 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, tap_and_untap, &churn);
	nap(600000);
	atomic_store(&churn.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&churn.samples) > 5);
	port_speaker_close(speaker);
	audio_downlink_free(churn.downlink);
	assert_int_equal(memory_held(PORT_AUDIO), 0);
	assert_int_equal(memory_held(PORT_OPUS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(what_is_fed_keeps_the_pace),
		cmocka_unit_test(nothing_fed_is_nothing_sent),
		cmocka_unit_test(what_is_cleared_is_not_sent),
		cmocka_unit_test(several_are_fed_at_once),
		cmocka_unit_test(what_is_closed_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
