/*
 * Every 20 ms the audio thread reads each microphone into its uplinks and mixes the downlinks into
 * the speaker. It works on copies of what is attached and holds no lock meanwhile; whoever detaches
 * waits until the tick under way is over.
 */
#include "audio_thread.h"

#include <string.h>

#include "../../core/audio/snapshot.h"
#include "../transport.h"
#include "platform.h"

#define TICK_US (AUDIO_FRAME_MS * 1000)
#define CATCH_UP_MAX 3 /* ticks run back to back after being held up; more are skipped */

/* A device with a clock of its own may run this much faster than ours: 64ths of a frame a tick. */
#define CREDIT_FRAME 64
#define CREDIT_TICK 66
#define CREDIT_MAX (CATCH_UP_MAX * CREDIT_FRAME)

/* What one tick works on. */
typedef struct {
	port_microphone *microphone;
	audio_listener listeners[AUDIO_UPLINKS_MAX];
	size_t listener_count;
} audio_capture;

typedef struct {
	audio_capture captures[AUDIO_MICROPHONES_MAX];
	size_t capture_count;
	port_speaker *speaker;
	audio_downlink *downlinks[AUDIO_DOWNLINKS_MAX];
	size_t downlink_count;
} tick_work;

audio_devices audio_open = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under audio_open.lock but for `running` and `thread`, which are start's and stop's. */
static struct {
	bool running;
	pthread_t thread;
	pthread_cond_t wake; /* to the thread */
	pthread_cond_t done; /* from the thread: a tick is over */
	bool stopping, in_tick;
	uint32_t tick;
} state = {.done = PTHREAD_COND_INITIALIZER};

static snapshot published; /* port_audio_stats */

/* How many frames to move now, for a device that knows how many it could. */
static unsigned spend_credit(unsigned *credit, unsigned ready)
{
	*credit = *credit + CREDIT_TICK < CREDIT_MAX ? *credit + CREDIT_TICK : CREDIT_MAX;
	unsigned frames = *credit / CREDIT_FRAME < ready ? *credit / CREDIT_FRAME : ready;
	*credit -= frames * CREDIT_FRAME;
	return frames;
}

/* 20 ms of samples, or of none. */
static void capture(const audio_capture *work, const int16_t *samples)
{
	for (size_t i = 0; i < work->listener_count; i++) {
		const audio_listener *listener = &work->listeners[i];

		if (!samples)
			audio_uplink_skip(listener->uplink, 1);
		else if (audio_uplink_capture(listener->uplink, samples) && listener->on_packet)
			listener->on_packet(listener->context);
	}
}

static void run_microphone(const audio_capture *work, uint32_t skipped, audio_device_faults *faults)
{
	port_microphone *microphone = work->microphone;
	const microphone_driver *driver = microphone->driver;
	int16_t samples[AUDIO_SENT_RATE_MAX * AUDIO_FRAME_MS / 1000];
	unsigned frames = 1;
	bool listening = false;

	for (size_t i = 0; i < work->listener_count; i++) {
		if (skipped > 0)
			audio_uplink_skip(work->listeners[i].uplink, skipped);
		listening |= !audio_uplink_is_muted(work->listeners[i].uplink);
	}
	if (driver->ready)
		frames = spend_credit(&microphone->credit, driver->ready(microphone->device, faults));
	while (frames-- > 0)
		capture(work,
				driver->read(microphone->device, samples, listening, faults) ? samples : NULL);
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
		if (sound && !atomic_load_explicit(&speaker->has_sounded, memory_order_relaxed)) {
			speaker->first_sound = now;
			atomic_store_explicit(&speaker->has_sounded, true, memory_order_release);
		}
	}
}

/* Under the lock. */
static void take_work(tick_work *work)
{
	port_speaker *speaker = audio_open.speaker;

	memset(work, 0, sizeof *work);
	for (size_t i = 0; i < AUDIO_MICROPHONES_MAX; i++) {
		port_microphone *microphone = audio_open.microphones[i];
		audio_capture *capture = &work->captures[work->capture_count];

		if (!microphone)
			continue;
		work->capture_count++;
		capture->microphone = microphone;
		capture->listener_count = microphone->count;
		memcpy(capture->listeners, microphone->listeners, sizeof capture->listeners);
	}
	if (speaker) {
		work->speaker = speaker;
		work->downlink_count = speaker->count;
		memcpy(work->downlinks, speaker->downlinks, sizeof work->downlinks);
	}
}

static void *run(void *unused)
{
	port_audio_stats stats;
	uint64_t deadline = port_now() + TICK_US;

	(void)unused;
	port_audio_get_stats(&stats);
	pthread_mutex_lock(&audio_open.lock);
	while (!state.stopping) {
		uint64_t now = port_now();
		uint32_t skipped = 0;
		audio_device_faults faults = {0};
		tick_work work;

		if (now < deadline) {
			platform_wait_until(&state.wake, &audio_open.lock, deadline);
			continue;
		}
		if (now - deadline > CATCH_UP_MAX * TICK_US) {
			skipped = (uint32_t)((now - deadline) / TICK_US);
			stats.stalls++;
			stats.frames_skipped += skipped;
		}
		deadline += TICK_US * (1 + (uint64_t)skipped);

		take_work(&work);
		state.in_tick = true;
		pthread_mutex_unlock(&audio_open.lock);
		for (size_t i = 0; i < work.capture_count; i++)
			run_microphone(&work.captures[i], skipped, &faults);
		if (work.speaker)
			run_speaker(&work, skipped, &faults, now);
		stats.ticks++;
		stats.xruns += faults.xruns;
		stats.device_errors += faults.errors;
		snapshot_write(&published, &stats, sizeof stats);
		pthread_mutex_lock(&audio_open.lock);
		state.in_tick = false;
		state.tick++;
		pthread_cond_broadcast(&state.done);
	}
	pthread_mutex_unlock(&audio_open.lock);
	return NULL;
}

/* Under the lock: returns when no tick works any more on what was just removed. */
void audio_thread_let_go(void)
{
	uint32_t tick = state.tick;

	while (state.in_tick && state.tick == tick)
		pthread_cond_wait(&state.done, &audio_open.lock);
}

bool audio_thread_start(void)
{
	if (state.running)
		return true;
	platform_wait_init(&state.wake);
	state.stopping = false;
	state.running = platform_thread(PORT_TASK_AUDIO, &state.thread, run, NULL) == 0;
	if (!state.running)
		pthread_cond_destroy(&state.wake);
	return state.running;
}

void audio_thread_stop(void)
{
	if (!state.running)
		return;
	pthread_mutex_lock(&audio_open.lock);
	state.stopping = true;
	pthread_cond_signal(&state.wake);
	pthread_mutex_unlock(&audio_open.lock);
	pthread_join(state.thread, NULL);
	pthread_cond_destroy(&state.wake);
	state.running = false;
}

void port_audio_get_stats(port_audio_stats *out)
{
	snapshot_read(&published, out, sizeof *out);
}
