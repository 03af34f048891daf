/*
 * The audio thread: every 20 ms it reads the microphone into the uplinks and mixes the downlinks
 * into the speaker. It works on copies of what is attached and holds no lock meanwhile; whoever
 * detaches waits until the tick under way is over.
 */
#include "../audio.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../core/audio/snapshot.h"
#include "../../core/port.h"
#include "../transport.h"
#include "audio_device.h"

#define TICK_US (AUDIO_FRAME_MS * 1000)
#define CATCH_UP_MAX 3 /* ticks run back to back after being held up; more are skipped */
#define UPLINKS_MAX 4
#define DOWNLINKS_MAX 16

/* A device with a clock of its own may run this much faster than ours: 64ths of a frame a tick. */
#define CREDIT_FRAME 64
#define CREDIT_TICK 66
#define CREDIT_MAX (CATCH_UP_MAX * CREDIT_FRAME)

typedef struct {
	audio_uplink *uplink;
	void (*on_packet)(void *context);
	void *context;
} microphone_listener;

struct port_microphone {
	const microphone_driver *driver;
	void *device;
	uint32_t rate;
	unsigned credit; /* the audio thread's */
	microphone_listener listeners[UPLINKS_MAX];
	size_t count;
};

struct port_speaker {
	const speaker_driver *driver;
	void *device;
	uint32_t rate;
	unsigned credit; /* the audio thread's */
	_Atomic uint64_t first_sound;
	audio_downlink *downlinks[DOWNLINKS_MAX];
	size_t count;
};

/* What one tick works on. */
typedef struct {
	port_microphone *microphone;
	microphone_listener listeners[UPLINKS_MAX];
	size_t listener_count;
	port_speaker *speaker;
	audio_downlink *downlinks[DOWNLINKS_MAX];
	size_t downlink_count;
} tick_work;

static struct {
	pthread_mutex_t opening; /* held to open and close: the thread starts and ends under it */

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t wake;  /* to the thread */
	pthread_cond_t done;  /* from the thread: a tick is over */
	bool running, stopping, in_tick;
	uint32_t tick;
	pthread_t thread;
	port_microphone *microphone;
	port_speaker *speaker;

	snapshot published; /* port_audio_stats */
} audio = {.opening = PTHREAD_MUTEX_INITIALIZER,
		   .lock = PTHREAD_MUTEX_INITIALIZER,
		   .done = PTHREAD_COND_INITIALIZER};

/* ---- the thread ---- */

/* How many frames to move now, for a device that knows how many it could. */
static unsigned spend_credit(unsigned *credit, unsigned ready)
{
	*credit = *credit + CREDIT_TICK < CREDIT_MAX ? *credit + CREDIT_TICK : CREDIT_MAX;
	unsigned frames = *credit / CREDIT_FRAME < ready ? *credit / CREDIT_FRAME : ready;
	*credit -= frames * CREDIT_FRAME;
	return frames;
}

static void run_microphone(const tick_work *work, uint32_t skipped, audio_device_faults *faults)
{
	port_microphone *microphone = work->microphone;
	const microphone_driver *driver = microphone->driver;
	int16_t samples[AUDIO_FRAME_MAX];
	unsigned frames = 1;
	bool listening = false;

	for (size_t i = 0; i < work->listener_count; i++) {
		audio_uplink_skip(work->listeners[i].uplink, skipped);
		listening |= !audio_uplink_is_muted(work->listeners[i].uplink);
	}
	if (driver->ready)
		frames = spend_credit(&microphone->credit, driver->ready(microphone->device, faults));
	while (frames-- > 0) {
		driver->read(microphone->device, samples, listening, faults);
		for (size_t i = 0; i < work->listener_count; i++) {
			const microphone_listener *listener = &work->listeners[i];

			if (audio_uplink_capture(listener->uplink, samples) && listener->on_packet)
				listener->on_packet(listener->context);
		}
	}
}

static void run_speaker(const tick_work *work, uint32_t skipped, audio_device_faults *faults,
						uint64_t now)
{
	port_speaker *speaker = work->speaker;
	const speaker_driver *driver = speaker->driver;
	const size_t count = speaker->rate * AUDIO_FRAME_MS / 1000;
	int32_t mix[AUDIO_FRAME_MAX];
	int16_t samples[AUDIO_FRAME_MAX] = {0};
	unsigned frames = 1;

	if (driver->ready)
		frames = spend_credit(&speaker->credit, driver->ready(speaker->device, faults));
	else
		for (; skipped > 0; skipped--) /* time has passed in the file, too */
			driver->write(speaker->device, samples, faults);
	while (frames-- > 0) {
		bool sound = false;

		memset(mix, 0, sizeof mix);
		for (size_t i = 0; i < work->downlink_count; i++)
			sound |= audio_downlink_playout(work->downlinks[i], mix, count, now);
		audio_mix_finish(mix, samples, count);
		driver->write(speaker->device, samples, faults);
		if (sound && atomic_load_explicit(&speaker->first_sound, memory_order_relaxed) == 0)
			atomic_store_explicit(&speaker->first_sound, now, memory_order_relaxed);
	}
}

/* Under the lock. */
static void take_work(tick_work *work)
{
	port_microphone *microphone = audio.microphone;
	port_speaker *speaker = audio.speaker;

	memset(work, 0, sizeof *work);
	if (microphone) {
		work->microphone = microphone;
		work->listener_count = microphone->count;
		memcpy(work->listeners, microphone->listeners, sizeof work->listeners);
	}
	if (speaker) {
		work->speaker = speaker;
		work->downlink_count = speaker->count;
		memcpy(work->downlinks, speaker->downlinks, sizeof work->downlinks);
	}
}

/* Under the lock: sleeps until `deadline` (microseconds) or until woken. */
static void sleep_until(uint64_t deadline)
{
#ifdef __APPLE__ /* has no monotonic condition variables, but relative waits */
	uint64_t now = port_now();
	uint64_t left = deadline > now ? deadline - now : 0;
	struct timespec time = {(time_t)(left / 1000000), (long)(left % 1000000) * 1000};

	pthread_cond_timedwait_relative_np(&audio.wake, &audio.lock, &time);
#else
	struct timespec time = {(time_t)(deadline / 1000000), (long)(deadline % 1000000) * 1000};

	pthread_cond_timedwait(&audio.wake, &audio.lock, &time);
#endif
}

static void *run(void *unused)
{
	port_audio_stats stats;
	uint64_t deadline = port_now() + TICK_US;

	(void)unused;
	port_audio_get_stats(&stats);
	pthread_mutex_lock(&audio.lock);
	while (!audio.stopping) {
		uint64_t now = port_now();
		uint32_t skipped = 0;
		audio_device_faults faults = {0};
		tick_work work;

		if (now < deadline) {
			sleep_until(deadline);
			continue;
		}
		if (now - deadline > CATCH_UP_MAX * TICK_US) {
			skipped = (uint32_t)((now - deadline) / TICK_US);
			stats.stalls++;
			stats.frames_skipped += skipped;
		}
		deadline += TICK_US * (1 + (uint64_t)skipped);

		take_work(&work);
		audio.in_tick = true;
		pthread_mutex_unlock(&audio.lock);
		if (work.microphone)
			run_microphone(&work, skipped, &faults);
		if (work.speaker)
			run_speaker(&work, skipped, &faults, now);
		stats.ticks++;
		stats.xruns += faults.xruns;
		stats.device_errors += faults.errors;
		snapshot_write(&audio.published, &stats, sizeof stats);
		pthread_mutex_lock(&audio.lock);
		audio.in_tick = false;
		audio.tick++;
		pthread_cond_broadcast(&audio.done);
	}
	pthread_mutex_unlock(&audio.lock);
	return NULL;
}

/* Under the lock: returns when no tick works any more on what was just removed. */
static void let_go(void)
{
	uint32_t tick = audio.tick;

	while (audio.in_tick && audio.tick == tick)
		pthread_cond_wait(&audio.done, &audio.lock);
}

/* Under `opening`. */
static bool start_thread(void)
{
	if (audio.running)
		return true;

	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
#ifndef __APPLE__
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
	pthread_cond_init(&audio.wake, &attributes);
	pthread_condattr_destroy(&attributes);
	audio.stopping = false;
	if (pthread_create(&audio.thread, NULL, run, NULL) != 0) {
		pthread_cond_destroy(&audio.wake);
		return false;
	}
	audio.running = true;
	return true;
}

/* Under `opening`: ends the thread when nothing is open any more. */
static void stop_thread_if_unused(void)
{
	pthread_mutex_lock(&audio.lock);
	bool unused = audio.running && !audio.microphone && !audio.speaker;
	if (unused) {
		audio.stopping = true;
		pthread_cond_signal(&audio.wake);
	}
	pthread_mutex_unlock(&audio.lock);
	if (unused) {
		pthread_join(audio.thread, NULL);
		pthread_cond_destroy(&audio.wake);
		audio.running = false;
	}
}

void port_audio_get_stats(port_audio_stats *out)
{
	snapshot_read(&audio.published, out, sizeof *out);
}

/* ---- devices ---- */

static bool rate_is_valid(uint32_t rate, const char *what, char *error, size_t size)
{
	if (rate == 16000 || rate == 24000 || rate == 48000)
		return true;
	snprintf(error, size, "%s: sample rate %lu: give 16000, 24000 or 48000", what,
			 (unsigned long)rate);
	return false;
}

static const microphone_driver *microphone_driver_of(port_audio_driver driver)
{
	switch (driver) {
	case PORT_AUDIO_WAV:
		return &wav_microphone;
#ifdef LKXS_ALSA
	case PORT_AUDIO_ALSA:
		return &alsa_microphone;
#endif
	default:
		return NULL;
	}
}

static const speaker_driver *speaker_driver_of(port_audio_driver driver)
{
	switch (driver) {
	case PORT_AUDIO_WAV:
		return &wav_speaker;
#ifdef LKXS_ALSA
	case PORT_AUDIO_ALSA:
		return &alsa_speaker;
#endif
	default:
		return NULL;
	}
}

static const char no_driver[] = "%s: this build has no such driver: use wav, or build with alsa "
								"(apt-get install libasound2-dev)";

/* Under `opening`. */
static port_microphone *open_microphone(const port_audio_options *options, char *error, size_t size)
{
	const microphone_driver *driver = microphone_driver_of(options->driver);

	if (audio.microphone) {
		snprintf(error, size, "microphone: one is open already: close it first");
		return NULL;
	}
	if (!driver) {
		snprintf(error, size, no_driver, "microphone");
		return NULL;
	}
	if (!rate_is_valid(options->sample_rate, "microphone", error, size))
		return NULL;
	port_microphone *microphone = port_alloc(sizeof *microphone, PORT_EXTERNAL, PORT_AUDIO);
	if (!microphone) {
		snprintf(error, size, "microphone: out of memory");
		return NULL;
	}
	microphone->driver = driver;
	microphone->rate = options->sample_rate;
	microphone->device = driver->open(options, error, size);
	if (!microphone->device) {
		port_free(microphone);
		return NULL;
	}
	if (!start_thread()) {
		snprintf(error, size, "microphone: no thread could be started");
		driver->close(microphone->device);
		port_free(microphone);
		return NULL;
	}
	pthread_mutex_lock(&audio.lock);
	audio.microphone = microphone;
	pthread_mutex_unlock(&audio.lock);
	return microphone;
}

port_microphone *port_microphone_open(const port_audio_options *options, char *error, size_t size)
{
	pthread_mutex_lock(&audio.opening);
	port_microphone *microphone = open_microphone(options, error, size);
	pthread_mutex_unlock(&audio.opening);
	return microphone;
}

void port_microphone_close(port_microphone *microphone)
{
	if (!microphone)
		return;
	pthread_mutex_lock(&audio.opening);
	pthread_mutex_lock(&audio.lock);
	audio.microphone = NULL;
	let_go();
	pthread_mutex_unlock(&audio.lock);
	microphone->driver->close(microphone->device);
	port_free(microphone);
	stop_thread_if_unused();
	pthread_mutex_unlock(&audio.opening);
}

uint32_t port_microphone_rate(const port_microphone *microphone)
{
	return microphone->rate;
}

int port_microphone_attach(port_microphone *microphone, audio_uplink *uplink,
						   void (*on_packet)(void *context), void *context)
{
	int result = -1;

	pthread_mutex_lock(&audio.lock);
	if (microphone->count < UPLINKS_MAX) {
		microphone->listeners[microphone->count++] =
			(microphone_listener){uplink, on_packet, context};
		result = 0;
	}
	pthread_mutex_unlock(&audio.lock);
	return result;
}

void port_microphone_detach(port_microphone *microphone, audio_uplink *uplink)
{
	pthread_mutex_lock(&audio.lock);
	for (size_t i = 0; i < microphone->count; i++) {
		if (microphone->listeners[i].uplink == uplink) {
			microphone->listeners[i] = microphone->listeners[--microphone->count];
			break;
		}
	}
	let_go();
	pthread_mutex_unlock(&audio.lock);
}

/* Under `opening`. */
static port_speaker *open_speaker(const port_audio_options *options, char *error, size_t size)
{
	const speaker_driver *driver = speaker_driver_of(options->driver);

	if (audio.speaker) {
		snprintf(error, size, "speaker: one is open already: close it first");
		return NULL;
	}
	if (!driver) {
		snprintf(error, size, no_driver, "speaker");
		return NULL;
	}
	if (!rate_is_valid(options->sample_rate, "speaker", error, size))
		return NULL;
	port_speaker *speaker = port_alloc(sizeof *speaker, PORT_EXTERNAL, PORT_AUDIO);
	if (!speaker) {
		snprintf(error, size, "speaker: out of memory");
		return NULL;
	}
	speaker->driver = driver;
	speaker->rate = options->sample_rate;
	speaker->device = driver->open(options, error, size);
	if (!speaker->device) {
		port_free(speaker);
		return NULL;
	}
	if (!start_thread()) {
		snprintf(error, size, "speaker: no thread could be started");
		driver->close(speaker->device);
		port_free(speaker);
		return NULL;
	}
	pthread_mutex_lock(&audio.lock);
	audio.speaker = speaker;
	pthread_mutex_unlock(&audio.lock);
	return speaker;
}

port_speaker *port_speaker_open(const port_audio_options *options, char *error, size_t size)
{
	pthread_mutex_lock(&audio.opening);
	port_speaker *speaker = open_speaker(options, error, size);
	pthread_mutex_unlock(&audio.opening);
	return speaker;
}

void port_speaker_close(port_speaker *speaker)
{
	if (!speaker)
		return;
	pthread_mutex_lock(&audio.opening);
	pthread_mutex_lock(&audio.lock);
	audio.speaker = NULL;
	let_go();
	pthread_mutex_unlock(&audio.lock);
	speaker->driver->close(speaker->device);
	port_free(speaker);
	stop_thread_if_unused();
	pthread_mutex_unlock(&audio.opening);
}

uint32_t port_speaker_rate(const port_speaker *speaker)
{
	return speaker->rate;
}

int port_speaker_attach(port_speaker *speaker, audio_downlink *downlink)
{
	int result = -1;

	pthread_mutex_lock(&audio.lock);
	if (speaker->count < DOWNLINKS_MAX) {
		speaker->downlinks[speaker->count++] = downlink;
		result = 0;
	}
	pthread_mutex_unlock(&audio.lock);
	return result;
}

void port_speaker_detach(port_speaker *speaker, audio_downlink *downlink)
{
	pthread_mutex_lock(&audio.lock);
	for (size_t i = 0; i < speaker->count; i++) {
		if (speaker->downlinks[i] == downlink) {
			speaker->downlinks[i] = speaker->downlinks[--speaker->count];
			break;
		}
	}
	let_go();
	pthread_mutex_unlock(&audio.lock);
}

uint64_t port_speaker_first_sound(const port_speaker *speaker)
{
	return atomic_load_explicit(&speaker->first_sound, memory_order_relaxed);
}
