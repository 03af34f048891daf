/* Opening, attaching and closing microphone and speaker; audio_thread.c is what they do then. */
#include "../audio.h"

#include <stdio.h>

#include "../../core/port.h"
#include "audio_thread.h"

/* Held to open and to close: the thread starts and ends under it. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static void stop_when_unused(void)
{
	pthread_mutex_lock(&audio_open.lock);
	bool unused = !audio_open.speaker;
	for (size_t i = 0; i < AUDIO_MICROPHONES_MAX; i++)
		unused &= !audio_open.microphones[i];
	pthread_mutex_unlock(&audio_open.lock);
	if (unused)
		audio_thread_stop();
}

static bool rate_is_valid(uint32_t rate, uint32_t most, const char *what, char *error, size_t size)
{
	if ((rate == 16000 || rate == 24000 || rate == 48000) && rate <= most)
		return true;
	snprintf(error, size, "%s: sample rate %lu: give %s", what, (unsigned long)rate,
			 most < 48000 ? "16000, for which a board without PSRAM has the stack"
						  : "16000, 24000 or 48000");
	return false;
}

/* Under `opening`, which all who change them hold. The first place is the device's. */
static port_microphone **free_place(const microphone_driver *driver)
{
	bool fed = driver == &feed_microphone;

	for (size_t i = fed ? 1 : 0; i < (fed ? AUDIO_MICROPHONES_MAX : 1); i++)
		if (!audio_open.microphones[i])
			return &audio_open.microphones[i];
	return NULL;
}

/* Under `opening`: has the thread serve the device, which is closed if it cannot. */
static port_microphone *serve(const microphone_driver *driver, void *device, uint32_t rate,
							  char *error, size_t size)
{
	port_microphone **place = free_place(driver);
	port_microphone *microphone =
		place ? port_alloc(sizeof *microphone, PORT_EXTERNAL, PORT_AUDIO) : NULL;

	if (microphone && audio_thread_start()) {
		microphone->driver = driver;
		microphone->rate = rate;
		microphone->device = device;
		pthread_mutex_lock(&audio_open.lock);
		*place = microphone;
		pthread_mutex_unlock(&audio_open.lock);
		return microphone;
	}
	snprintf(error, size, "microphone: %s",
			 !place        ? "too many are open: close one first"
			 : !microphone ? "out of memory"
						   : "no thread could be started");
	port_free(microphone);
	driver->close(device);
	return NULL;
}

/* Under `opening`. */
static port_microphone *open_microphone(const port_audio_options *options, char *error, size_t size)
{
	const microphone_driver *driver = microphone_driver_of(options->driver);

	if (driver && !free_place(driver)) {
		snprintf(error, size, "microphone: one is open already: close it first");
		return NULL;
	}
	if (!driver) {
		snprintf(error, size, audio_no_driver, "microphone");
		return NULL;
	}
	if (!rate_is_valid(options->sample_rate, AUDIO_SENT_RATE_MAX, "microphone", error, size))
		return NULL;
	void *device = driver->open(options, error, size);
	return device ? serve(driver, device, options->sample_rate, error, size) : NULL;
}

port_microphone *port_microphone_open(const port_audio_options *options, char *error, size_t size)
{
	pthread_mutex_lock(&opening);
	port_microphone *microphone = open_microphone(options, error, size);
	pthread_mutex_unlock(&opening);
	return microphone;
}

port_microphone *port_feed_open(const port_feed_options *options, char *error, size_t size)
{
	void *feed = audio_feed_create(options, error, size);

	if (!feed)
		return NULL;
	pthread_mutex_lock(&opening);
	port_microphone *microphone = serve(&feed_microphone, feed, audio_feed_rate(feed), error, size);
	pthread_mutex_unlock(&opening);
	return microphone;
}

void port_microphone_close(port_microphone *microphone)
{
	if (!microphone)
		return;
	pthread_mutex_lock(&opening);
	pthread_mutex_lock(&audio_open.lock);
	for (size_t i = 0; i < AUDIO_MICROPHONES_MAX; i++)
		if (audio_open.microphones[i] == microphone)
			audio_open.microphones[i] = NULL;
	audio_thread_let_go();
	pthread_mutex_unlock(&audio_open.lock);
	microphone->driver->close(microphone->device);
	port_free(microphone);
	stop_when_unused();
	pthread_mutex_unlock(&opening);
}

uint32_t port_microphone_rate(const port_microphone *microphone)
{
	return microphone->rate;
}

int port_microphone_attach(port_microphone *microphone, audio_uplink *uplink,
						   void (*on_packet)(void *context), void *context)
{
	int result = -1;

	pthread_mutex_lock(&audio_open.lock);
	if (microphone->count < AUDIO_UPLINKS_MAX) {
		microphone->listeners[microphone->count++] = (audio_listener){uplink, on_packet, context};
		result = 0;
	}
	pthread_mutex_unlock(&audio_open.lock);
	return result;
}

void port_microphone_detach(port_microphone *microphone, audio_uplink *uplink)
{
	pthread_mutex_lock(&audio_open.lock);
	for (size_t i = 0; i < microphone->count; i++) {
		if (microphone->listeners[i].uplink == uplink) {
			microphone->listeners[i] = microphone->listeners[--microphone->count];
			break;
		}
	}
	audio_thread_let_go();
	pthread_mutex_unlock(&audio_open.lock);
}

/* Under `opening`. */
static port_speaker *open_speaker(const port_audio_options *options, char *error, size_t size)
{
	const speaker_driver *driver =
		options->driver == PORT_AUDIO_NONE ? &no_speaker : speaker_driver_of(options->driver);

	if (audio_open.speaker) {
		snprintf(error, size, "speaker: one is open already: close it first");
		return NULL;
	}
	if (!driver) {
		snprintf(error, size, audio_no_driver, "speaker");
		return NULL;
	}
	if (!rate_is_valid(options->sample_rate, 48000, "speaker", error, size))
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
	if (!audio_thread_start()) {
		snprintf(error, size, "speaker: no thread could be started");
		driver->close(speaker->device);
		port_free(speaker);
		return NULL;
	}
	pthread_mutex_lock(&audio_open.lock);
	audio_open.speaker = speaker;
	pthread_mutex_unlock(&audio_open.lock);
	return speaker;
}

port_speaker *port_speaker_open(const port_audio_options *options, char *error, size_t size)
{
	pthread_mutex_lock(&opening);
	port_speaker *speaker = open_speaker(options, error, size);
	pthread_mutex_unlock(&opening);
	return speaker;
}

void port_speaker_close(port_speaker *speaker)
{
	if (!speaker)
		return;
	pthread_mutex_lock(&opening);
	pthread_mutex_lock(&audio_open.lock);
	audio_open.speaker = NULL;
	audio_thread_let_go();
	pthread_mutex_unlock(&audio_open.lock);
	speaker->driver->close(speaker->device);
	port_free(speaker);
	stop_when_unused();
	pthread_mutex_unlock(&opening);
}

uint32_t port_speaker_rate(const port_speaker *speaker)
{
	return speaker->rate;
}

int port_speaker_attach(port_speaker *speaker, audio_downlink *downlink)
{
	int result = -1;

	pthread_mutex_lock(&audio_open.lock);
	if (speaker->count < AUDIO_DOWNLINKS_MAX) {
		speaker->downlinks[speaker->count++] = downlink;
		result = 0;
	}
	pthread_mutex_unlock(&audio_open.lock);
	return result;
}

void port_speaker_detach(port_speaker *speaker, audio_downlink *downlink)
{
	pthread_mutex_lock(&audio_open.lock);
	for (size_t i = 0; i < speaker->count; i++) {
		if (speaker->downlinks[i] == downlink) {
			speaker->downlinks[i] = speaker->downlinks[--speaker->count];
			break;
		}
	}
	audio_thread_let_go();
	pthread_mutex_unlock(&audio_open.lock);
}

int port_speaker_tap(audio_downlink *downlink, audio_tap *tap)
{
	pthread_mutex_lock(&audio_open.lock);
	int result = audio_downlink_add_tap(downlink, tap);
	pthread_mutex_unlock(&audio_open.lock);
	return result;
}

void port_speaker_untap(audio_downlink *downlink, const audio_tap *tap)
{
	pthread_mutex_lock(&audio_open.lock);
	audio_downlink_remove_tap(downlink, tap);
	audio_thread_let_go();
	pthread_mutex_unlock(&audio_open.lock);
}

uint64_t port_speaker_first_sound(const port_speaker *speaker)
{
	return atomic_load_explicit(&speaker->has_sounded, memory_order_acquire) ? speaker->first_sound
																			 : 0;
}
