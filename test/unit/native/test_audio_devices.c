/* Desktop audio: WAV files good and bad, the thread's life, and a call in real time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audio.h"
#include "posix/wav.h"
#include "sound.h"
#include "transport.h"

static char folder[] = "/tmp/lkxs-audio-XXXXXX";

/* The same text for the same name, until the program ends. */
static const char *in_folder(const char *name)
{
	static struct {
		const char *name;
		char path[128];
	} paths[8];
	size_t i = 0;

	while (paths[i].name && strcmp(paths[i].name, name) != 0)
		i++;
	assert_true(i < sizeof paths / sizeof *paths);
	paths[i].name = name;
	snprintf(paths[i].path, sizeof paths[i].path, "%s/%s", folder, name);
	return paths[i].path;
}

static void write_file(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

/* Reads a whole WAV file of ours with the test's own eyes. */
static size_t read_file(const char *path, int16_t **samples, uint32_t *in_header)
{
	FILE *file = fopen(path, "rb");
	uint8_t head[44];
	struct stat info;

	assert_non_null(file);
	assert_int_equal(fread(head, 1, 44, file), 44);
	assert_memory_equal(head, "RIFF", 4);
	assert_memory_equal(head + 8, "WAVEfmt \x10\0\0\0\x01\0\x01\0", 16);
	assert_memory_equal(head + 32, "\x02\0\x10\0data", 8);
	memcpy(in_header, head + 40, 4);
	fstat(fileno(file), &info);
	size_t count = ((size_t)info.st_size - 44) / 2;
	*samples = calloc(count + 1, 2);
	assert_int_equal(fread(*samples, 2, count, file), count);
	fclose(file);
	return count;
}

/* ---- files ---- */

#define RIFF "RIFF\xff\xff\xff\xffWAVE"
#define FMT(format, channels, rate, bits)                                                          \
	"fmt \x10\0\0\0" format "\0" channels "\0" rate "\0\0\0\0\0\0\x02\0" bits "\0"
#define GOOD_FMT FMT("\x01", "\x01", "\x80\x3e", "\x10") /* PCM, mono, 16000 Hz, 16 bit */
#define GUID "\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
#define EXTENSIBLE(guid)                                                                           \
	"fmt \x28\0\0\0\xfe\xff\x01\0\x80\x3e\0\0\0\0\0\0\x02\0\x10\0\x16\0\x10\0\x04\0\0\0" guid

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	const char *error; /* NULL: opens, and the first samples are 1, 2 */
} files[] = {
	{"plain", BYTES(RIFF GOOD_FMT "data\4\0\0\0\1\0\2\0"), NULL},
	{"chunks around",
	 BYTES(RIFF "LIST\4\0\0\0INFO" GOOD_FMT "fact\3\0\0\0abc\0data\4\0\0\0\1\0\2\0LIST"), NULL},
	{"size of a pipe", BYTES(RIFF GOOD_FMT "data\xff\xff\xff\xff\1\0\2\0"), NULL},
	{"size 0 of a pipe", BYTES(RIFF GOOD_FMT "data\0\0\0\0\1\0\2\0"), NULL},
	{"odd number of bytes", BYTES(RIFF GOOD_FMT "data\5\0\0\0\1\0\2\0\3"), NULL},
	{"extensible", BYTES(RIFF EXTENSIBLE(GUID) "data\4\0\0\0\1\0\2\0"), NULL},
	{"empty", BYTES(""), "not a WAV file"},
	{"not RIFF", BYTES("ID3 is no such thing at all, is it?"), "not a WAV file"},
	{"RIFF of something else", BYTES("RIFF\4\0\0\0AVI fmt "), "not a WAV file"},
	{"head only", BYTES(RIFF), "damaged"},
	{"format only", BYTES(RIFF GOOD_FMT), "no sound"},
	{"no data", BYTES(RIFF GOOD_FMT "data\0\0\0\0"), "no sound"},
	{"half a sample", BYTES(RIFF GOOD_FMT "data\1\0\0\0\1"), "no sound"},
	{"data first", BYTES(RIFF "data\4\0\0\0\1\0\2\0" GOOD_FMT), "damaged"},
	{"short format", BYTES(RIFF "fmt \4\0\0\0\1\0\1\0data\4\0\0\0\1\0\2\0"), "damaged"},
	{"format cut", BYTES(RIFF "fmt \x28\0\0\0\1\0\1\0"), "damaged"},
	{"chunk over the end", BYTES(RIFF "junk\xff\xff\xff\x7f"), "damaged"},
	{"44100 Hz", BYTES(RIFF FMT("\1", "\1", "\x44\xac", "\x10") "data\4\0\0\0\1\0\2\0"),
	 "44100 Hz"},
	{"stereo", BYTES(RIFF FMT("\1", "\2", "\x80\x3e", "\x10") "data\4\0\0\0\1\0\2\0"),
	 "2 channel(s)"},
	{"8 bit", BYTES(RIFF FMT("\1", "\1", "\x80\x3e", "\x08") "data\4\0\0\0\1\0\2\0"), "8 bit"},
	{"float", BYTES(RIFF FMT("\3", "\1", "\x80\x3e", "\x20") "data\4\0\0\0\1\0\2\0"), "not PCM"},
	{"a law", BYTES(RIFF FMT("\6", "\1", "\x80\x3e", "\x10") "data\4\0\0\0\1\0\2\0"), "not PCM"},
	{"extensible float",
	 BYTES(
		 RIFF EXTENSIBLE("\x03\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71") "data\4\0\0\0\1\0\2\0"),
	 "not PCM"},
	{"extensible of somebody's",
	 BYTES(RIFF EXTENSIBLE("\x01\0\0\0ABCDEFGHIJKL") "data\4\0\0\0\1\0\2\0"), "not PCM"},
};

static void wav_files_good_and_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *path = in_folder("in.wav");
		char error[400] = "";
		int16_t samples[4] = {9, 9, 9, 9};

		write_file(path, files[i].bytes, files[i].length);
		wav_reader *reader = wav_reader_open(path, 16000, error, sizeof error);
		if ((reader == NULL) != (files[i].error != NULL))
			fail_msg("%s: %s", files[i].name, error);
		if (reader) {
			assert_true(wav_reader_read(reader, samples, 4, false));
			if (samples[0] != 1 || samples[1] != 2 || samples[2] != 0 || samples[3] != 0)
				fail_msg("%s: %d %d %d", files[i].name, samples[0], samples[1], samples[2]);
			wav_reader_close(reader);
		} else if (!strstr(error, files[i].error) || !strstr(error, path)) {
			fail_msg("%s: %s", files[i].name, error);
		}
	}
}

/* Every single-byte change and every cut of a good file: opens or is refused, and never over-reads.
 */
static void wav_files_mutated(void **state)
{
	static const char good[] = RIFF EXTENSIBLE(GUID) "LIST\4\0\0\0INFOdata\4\0\0\0\1\0\2\0";
	const char *path = in_folder("in.wav");

	(void)state;
	for (size_t i = 0; i < sizeof good - 1; i++) {
		for (int value = -1; value < 256; value += 15) {
			char bytes[sizeof good], error[400];
			int16_t samples[8];

			memcpy(bytes, good, sizeof good);
			if (value >= 0)
				bytes[i] = (char)value;
			write_file(path, bytes, value < 0 ? i : sizeof good - 1);
			wav_reader *reader = wav_reader_open(path, 16000, error, sizeof error);
			if (reader) {
				assert_true(wav_reader_read(reader, samples, 8, true));
				wav_reader_close(reader);
			}
		}
	}
}

static void wav_reader_loops(void **state)
{
	static const int16_t expected[] = {1, 2, 1, 2, 1};
	const char *path = in_folder("in.wav");
	char error[400];
	int16_t samples[5];

	(void)state;
	write_file(path, files[0].bytes, files[0].length);
	wav_reader *reader = wav_reader_open(path, 16000, error, sizeof error);
	assert_non_null(reader);
	assert_true(wav_reader_read(reader, samples, 5, true));
	assert_memory_equal(samples, expected, sizeof expected);
	wav_reader_close(reader);
}

static void wav_writer_is_valid_at_any_time(void **state)
{
	const char *path = in_folder("out.wav");
	char error[400];
	int16_t samples[320], *read;
	uint32_t in_header;

	(void)state;
	wav_writer *writer = wav_writer_open(path, 16000, error, sizeof error);
	assert_non_null(writer);
	assert_int_equal(read_file(path, &read, &in_header), 0);
	assert_int_equal(in_header, 0);
	free(read);
	sound_pattern(samples, 320, 16000, 0, 1000);
	for (int i = 0; i < 75; i++)
		assert_true(wav_writer_write(writer, samples, 320));
	assert_int_equal(read_file(path, &read, &in_header), 75 * 320);
	assert_int_equal(in_header, 50 * 640); /* the first second */
	assert_memory_equal(read + 74 * 320, samples, sizeof samples);
	free(read);
	wav_writer_close(writer);
	read_file(path, &read, &in_header);
	assert_int_equal(in_header, 75 * 640);
	free(read);
}

static void open_errors_say_what_to_do(void **state)
{
	static const port_audio_options usual = {.driver = PORT_AUDIO_WAV, .sample_rate = 16000};
	const char *good = in_folder("in.wav");
	struct {
		bool speaker;
		port_audio_driver driver;
		const char *path;
		uint32_t rate;
		const char *error;
	} table[] = {
		{false, PORT_AUDIO_WAV, NULL, 16000, "needs the path"},
		{true, PORT_AUDIO_WAV, NULL, 16000, "needs the path"},
		{false, PORT_AUDIO_WAV, in_folder("missing.wav"), 16000, "missing.wav: No such file"},
		{false, PORT_AUDIO_WAV, folder, 16000, "not a regular file"},
		{false, PORT_AUDIO_WAV, good, 48000, "-r 48000 -c 1"},
		{false, PORT_AUDIO_WAV, good, 44100, "give 16000, 24000 or 48000"},
		{true, PORT_AUDIO_WAV, in_folder("no/such/out.wav"), 16000, "mkdir -p"},
		{true, PORT_AUDIO_WAV, folder, 16000, "directory"},
		{true, PORT_AUDIO_WAV, in_folder("out.wav"), 8000, "give 16000, 24000 or 48000"},
		{false, PORT_AUDIO_I2S, NULL, 16000, "no such driver"},
		{true, PORT_AUDIO_I2S, NULL, 16000, "no such driver"},
	};

	(void)state;
	write_file(good, files[0].bytes, files[0].length);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		port_audio_options options = usual;
		char error[400] = "", tiny[8];

		options.driver = table[i].driver;
		options.path = table[i].path;
		options.sample_rate = table[i].rate;
		if (table[i].speaker) {
			assert_null(port_speaker_open(&options, error, sizeof error));
			assert_null(port_speaker_open(&options, tiny, sizeof tiny));
		} else {
			assert_null(port_microphone_open(&options, error, sizeof error));
			assert_null(port_microphone_open(&options, tiny, sizeof tiny));
		}
		if (!strstr(error, table[i].error))
			fail_msg("row %zu: %s", i, error);
	}
}

/* ---- the thread ---- */

static void nap(uint64_t microseconds)
{
	struct timespec time = {(time_t)(microseconds / 1000000),
							(long)(microseconds % 1000000) * 1000};

	nanosleep(&time, NULL);
}

static port_microphone *open_microphone(const char *path, bool loop)
{
	port_audio_options options = {
		.driver = PORT_AUDIO_WAV, .path = path, .sample_rate = 16000, .loop = loop};
	char error[400];
	port_microphone *microphone = port_microphone_open(&options, error, sizeof error);

	if (!microphone)
		fail_msg("%s", error);
	return microphone;
}

static port_speaker *open_speaker(const char *path)
{
	port_audio_options options = {.driver = PORT_AUDIO_WAV, .path = path, .sample_rate = 16000};
	char error[400];
	port_speaker *speaker = port_speaker_open(&options, error, sizeof error);

	if (!speaker)
		fail_msg("%s", error);
	return speaker;
}

static audio_uplink *create_uplink(void)
{
	audio_encoder_options options = {
		.sample_rate = 16000, .channels = 1, .bitrate = 24000, .complexity = 1};
	audio_uplink *uplink = audio_uplink_create(&options);

	assert_non_null(uplink);
	return uplink;
}

/* `seconds` of the pattern. */
static const char *write_pattern(double seconds)
{
	const char *path = in_folder("pattern.wav");
	size_t count = (size_t)(seconds * 16000);
	int16_t *samples = calloc(count, 2);
	char error[400];
	wav_writer *writer = wav_writer_open(path, 16000, error, sizeof error);

	assert_non_null(writer);
	sound_pattern(samples, count, 16000, 0, 4000);
	assert_true(wav_writer_write(writer, samples, count));
	wav_writer_close(writer);
	free(samples);
	return path;
}

static void one_of_each_at_a_time(void **state)
{
	port_audio_options options = {
		.driver = PORT_AUDIO_WAV, .path = write_pattern(0.1), .sample_rate = 16000};
	char error[400];

	(void)state;
	port_microphone *microphone = open_microphone(options.path, false);
	assert_int_equal(port_microphone_rate(microphone), 16000);
	assert_null(port_microphone_open(&options, error, sizeof error));
	assert_non_null(strstr(error, "open already"));
	options.path = in_folder("out.wav");
	port_speaker *speaker = open_speaker(options.path);
	assert_int_equal(port_speaker_rate(speaker), 16000);
	assert_null(port_speaker_open(&options, error, sizeof error));
	assert_non_null(strstr(error, "open already"));
	port_microphone_close(microphone);
	port_speaker_close(speaker);
	port_microphone_close(NULL);
	port_speaker_close(NULL);
}

static void starts_and_stops_a_hundred_times(void **state)
{
	const char *path = write_pattern(0.1);
	size_t before = port_memory_of(PORT_AUDIO).current;

	(void)state;
	for (int i = 0; i < 100; i++) {
		audio_uplink *uplink = create_uplink();
		audio_downlink *downlink = audio_downlink_create(16000, JITTER_TARGET_MS);
		port_microphone *microphone = open_microphone(path, true);
		port_speaker *speaker = i % 2 ? open_speaker(in_folder("out.wav")) : NULL;

		audio_uplink_set_muted(uplink, false);
		assert_int_equal(port_microphone_attach(microphone, uplink, NULL, NULL), 0);
		if (speaker)
			assert_int_equal(port_speaker_attach(speaker, downlink), 0);
		nap((uint64_t)i * 271 % 25000);
		if (i % 3) { /* else closed with all attached */
			port_microphone_detach(microphone, uplink);
			if (speaker)
				port_speaker_detach(speaker, downlink);
		}
		port_microphone_close(microphone);
		port_speaker_close(speaker);
		audio_uplink_free(uplink);
		audio_downlink_free(downlink);
	}
	assert_int_equal(port_memory_of(PORT_AUDIO).current, before);

	port_audio_stats ended, later; /* nothing is open: the thread is gone */
	port_audio_get_stats(&ended);
	nap(60000);
	port_audio_get_stats(&later);
	assert_int_equal(later.ticks, ended.ticks);
}

/* Another thread attaches and detaches what it frees at once, while the audio thread runs. */
typedef struct {
	port_microphone *microphone;
	port_speaker *speaker;
	atomic_bool stop;
	atomic_int packets;
} churn;

static void on_packet(void *context)
{
	atomic_fetch_add(&((churn *)context)->packets, 1);
}

static void *attach_and_detach(void *context)
{
	churn *churn = context;

	while (!atomic_load(&churn->stop)) {
		audio_uplink *uplink = create_uplink();
		audio_downlink *downlink = audio_downlink_create(16000, JITTER_TARGET_MS);
		audio_uplink_stats up;
		audio_downlink_stats down;

		audio_uplink_set_muted(uplink, false);
		port_microphone_attach(churn->microphone, uplink, on_packet, churn);
		port_speaker_attach(churn->speaker, downlink);
		audio_downlink_set_volume(downlink, AUDIO_VOLUME_ONE / 2);
		nap(3000);
		audio_uplink_get_stats(uplink, &up);
		audio_downlink_get_stats(downlink, &down);
		port_microphone_detach(churn->microphone, uplink);
		port_speaker_detach(churn->speaker, downlink);
		audio_uplink_free(uplink);
		audio_downlink_free(downlink);
	}
	return NULL;
}

static void detached_is_let_go(void **state)
{
	churn churn = {.microphone = open_microphone(write_pattern(1), true),
				   .speaker = open_speaker(in_folder("out.wav"))};
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, attach_and_detach, &churn);
	nap(1000000);
	atomic_store(&churn.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&churn.packets) > 5);
	port_microphone_close(churn.microphone);
	port_speaker_close(churn.speaker);
}

static void attachments_are_bounded(void **state)
{
	port_microphone *microphone = open_microphone(write_pattern(0.1), false);
	port_speaker *speaker = open_speaker(in_folder("out.wav"));
	audio_uplink *uplinks[5];
	audio_downlink *downlinks[17];

	(void)state;
	for (int i = 0; i < 5; i++) {
		uplinks[i] = create_uplink();
		assert_int_equal(port_microphone_attach(microphone, uplinks[i], NULL, NULL),
						 i < 4 ? 0 : -1);
	}
	for (int i = 0; i < 17; i++) {
		downlinks[i] = audio_downlink_create(16000, JITTER_TARGET_MS);
		assert_int_equal(port_speaker_attach(speaker, downlinks[i]), i < 16 ? 0 : -1);
	}
	nap(50000);
	port_microphone_close(microphone);
	port_speaker_close(speaker);
	for (int i = 0; i < 5; i++)
		audio_uplink_free(uplinks[i]);
	for (int i = 0; i < 17; i++)
		audio_downlink_free(downlinks[i]);
}

/* ---- a call in real time ---- */

/* What the network does: packets of the uplink go into the downlink. */
static uint32_t carry(audio_uplink *uplink, audio_downlink *downlink, uint16_t *sequence,
					  uint32_t *markers)
{
	audio_uplink_head head;
	uint8_t bytes[AUDIO_PACKET_MAX];
	size_t length;
	uint32_t moved = 0;

	while (ring_read(audio_uplink_ring(uplink), &head, sizeof head, bytes, sizeof bytes, &length)) {
		audio_downlink_head arrival = {
			.sequence = (*sequence)++, .timestamp = head.timestamp, .arrived = port_now()};

		assert_true(
			ring_write(audio_downlink_ring(downlink), &arrival, sizeof arrival, bytes, length));
		moved++;
		*markers += head.marker;
	}
	return moved;
}

/* 2 s of microphone into a speaker. False when this machine held the thread up: no test then. */
static bool call_in_real_time(void)
{
	port_microphone *microphone = open_microphone(write_pattern(2), false);
	port_speaker *speaker = open_speaker(in_folder("heard.wav"));
	uint64_t opened = port_now();
	audio_uplink *uplink = create_uplink();
	audio_downlink *downlink = audio_downlink_create(16000, JITTER_TARGET_MS);
	audio_downlink_stats stats;
	port_audio_stats before, after;
	uint16_t sequence = 0;
	uint32_t moved = 0, markers = 0;

	port_audio_get_stats(&before);
	port_microphone_attach(microphone, uplink, NULL, NULL);
	port_speaker_attach(speaker, downlink);
	nap(300000); /* muted: the file stands still */
	assert_int_equal(carry(uplink, downlink, &sequence, &markers), 0);
	assert_int_equal(port_speaker_first_sound(speaker), 0);
	uint64_t unmuted = port_now();
	audio_uplink_set_muted(uplink, false);
	uint64_t spoken = 0;
	while (spoken < 2400000) {
		nap(5000);
		spoken = port_now() - unmuted;
		moved += carry(uplink, downlink, &sequence, &markers);
	}
	uint64_t first_sound = port_speaker_first_sound(speaker);
	port_microphone_detach(microphone, uplink);
	port_speaker_detach(speaker, downlink);
	port_microphone_close(microphone);
	port_speaker_close(speaker);
	uint64_t closed = port_now();
	port_audio_get_stats(&after);
	audio_downlink_get_stats(downlink, &stats);
	audio_uplink_free(uplink);
	audio_downlink_free(downlink);

	/* in real time, stalls or not */
	uint32_t in_header;
	int16_t *heard;
	size_t count = read_file(in_folder("heard.wav"), &heard, &in_header);
	assert_int_equal(in_header, 2 * count);
	assert_int_equal(after.device_errors, before.device_errors);
	assert_in_range(after.ticks - before.ticks + after.frames_skipped - before.frames_skipped,
					count / 320, count / 320 + 1);
	size_t passed = (closed - opened) * 16 / 1000;
	if (after.stalls != before.stalls || stats.frames_concealed > 5 || count + 480 < passed) {
		free(heard);
		return false;
	}
	assert_in_range(moved, spoken / 20000 - 3, spoken / 20000 + 1);
	assert_int_equal(markers, 1);
	assert_true(count <= passed + 960);

	/* all of it, and nothing else: the two seconds are where first_sound says */
	assert_in_range(first_sound, unmuted + 20000, unmuted + 200000);
	size_t start = (first_sound - opened) * 16 / 1000;
	assert_in_range(sound_rms(heard, start - 1600), 0, 10);
	assert_int_equal(sound_longest_gap(heard + start + 640, 30000, 16000, 1000), 0);
	assert_in_range(sound_rms(heard + count - 1600, 1600), 0, 30);
	double level = sound_db(sound_rms(heard + start + 6400, 16000) / 4000);
	double low = sound_db(sound_peak_at(heard + start + 6400, 16000, 16000, 440) / 4000);
	double high = sound_db(sound_peak_at(heard + start + 6400, 16000, 16000, 1000) / 4000);
	if (fabs(level) > 1 || fabs(low) > 1.5 || fabs(high) > 1.5)
		fail_msg("level %+.2f dB, 440 Hz %+.2f dB, 1 kHz %+.2f dB", level, low, high);
	free(heard);
	return true;
}

static void the_microphone_is_heard_at_the_speaker(void **state)
{
	int attempts = 0;

	(void)state;
	while (!call_in_real_time())
		assert_true(++attempts < 4);
}

/* Holds the audio thread up for as long as it is told, once. */
static void hold_up(void *context)
{
	nap(atomic_exchange((_Atomic uint64_t *)context, 0));
}

static void a_stall_is_caught_up_or_skipped(void **state)
{
	const char *path = in_folder("out.wav");
	port_microphone *microphone = open_microphone(write_pattern(1), true);
	port_speaker *speaker = open_speaker(path);
	uint64_t opened = port_now();
	audio_uplink *uplink = create_uplink();
	_Atomic uint64_t delay = 0;
	port_audio_stats before, after;
	audio_uplink_head first, head;
	uint8_t bytes[AUDIO_PACKET_MAX];
	size_t length;
	uint32_t in_header;
	int16_t *heard;

	(void)state;
	port_audio_get_stats(&before);
	audio_uplink_set_muted(uplink, false);
	port_microphone_attach(microphone, uplink, hold_up, &delay);
	nap(100000);
	atomic_store(&delay, 300000);
	nap(500000);
	port_audio_get_stats(&after);
	port_microphone_detach(microphone, uplink);
	port_microphone_close(microphone);
	port_speaker_close(speaker);
	uint64_t closed = port_now();
	assert_true(after.stalls > before.stalls);
	assert_true(after.frames_skipped - before.frames_skipped >= 12);

	/* the file has silence for the time that was lost, the timestamps a step */
	size_t count = read_file(path, &heard, &in_header);
	assert_in_range(count, (closed - opened) * 16 / 1000 - 1600,
					(closed - opened) * 16 / 1000 + 960);
	free(heard);
	assert_true(
		ring_read(audio_uplink_ring(uplink), &first, sizeof first, bytes, sizeof bytes, &length));
	head = first;
	while (ring_read(audio_uplink_ring(uplink), &head, sizeof head, bytes, sizeof bytes, &length))
		;
	uint32_t passed = (head.timestamp - first.timestamp) / AUDIO_RTP_FRAME + 1;
	assert_in_range(passed, (closed - opened) / 20000 - 5, (closed - opened) / 20000 + 1);
	audio_uplink_free(uplink);
}

/* ALSA's "null" takes and gives without end: it must not run faster than time. */
static void alsa_null_keeps_time(void **state)
{
	port_audio_options options = {
		.driver = PORT_AUDIO_ALSA, .device = "null", .sample_rate = 16000};
	audio_uplink_stats stats;
	char error[400];

	(void)state;
	port_microphone *microphone = port_microphone_open(&options, error, sizeof error);
	if (!microphone && strstr(error, "no such driver"))
		skip(); /* built without ALSA */
	if (!microphone)
		fail_msg("%s", error);
	port_speaker *speaker = port_speaker_open(&options, error, sizeof error);
	if (!speaker)
		fail_msg("%s", error);
	audio_uplink *uplink = create_uplink();
	audio_uplink_set_muted(uplink, false);
	port_microphone_attach(microphone, uplink, NULL, NULL);
	nap(1000000);
	port_microphone_detach(microphone, uplink);
	audio_uplink_get_stats(uplink, &stats);
	assert_in_range(stats.frames_captured, 40, 56);
	port_microphone_close(microphone);
	port_speaker_close(speaker);
	audio_uplink_free(uplink);
}

static void alsa_errors_say_what_to_do(void **state)
{
	port_audio_options options = {
		.driver = PORT_AUDIO_ALSA, .device = "no-such-device", .sample_rate = 16000};
	char error[400];

	(void)state;
	assert_null(port_microphone_open(&options, error, sizeof error));
	if (strstr(error, "no such driver"))
		skip();
	assert_non_null(strstr(error, "arecord -L"));
	assert_non_null(strstr(error, "no-such-device"));
	assert_null(port_speaker_open(&options, error, sizeof error));
	assert_non_null(strstr(error, "aplay -L"));
}
static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"in.wav", "out.wav", "pattern.wav", "heard.wav"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(in_folder(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wav_files_good_and_bad),
		cmocka_unit_test(wav_files_mutated),
		cmocka_unit_test(wav_reader_loops),
		cmocka_unit_test(wav_writer_is_valid_at_any_time),
		cmocka_unit_test(open_errors_say_what_to_do),
		cmocka_unit_test(one_of_each_at_a_time),
		cmocka_unit_test(starts_and_stops_a_hundred_times),
		cmocka_unit_test(detached_is_let_go),
		cmocka_unit_test(attachments_are_bounded),
		cmocka_unit_test(the_microphone_is_heard_at_the_speaker),
		cmocka_unit_test(a_stall_is_caught_up_or_skipped),
		cmocka_unit_test(alsa_null_keeps_time),
		cmocka_unit_test(alsa_errors_say_what_to_do),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
