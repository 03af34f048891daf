/* The audio thread and the devices it serves; audio.c opens, attaches and closes them. */
#ifndef LKXS_COMMON_AUDIO_THREAD_H
#define LKXS_COMMON_AUDIO_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "audio_device.h"

#define AUDIO_UPLINKS_MAX 4
#define AUDIO_DOWNLINKS_MAX 16
#define AUDIO_MICROPHONES_MAX (1 + PORT_FEEDS_MAX)

typedef struct {
	audio_uplink *uplink;
	void (*on_packet)(void *context);
	void *context;
} audio_listener;

struct port_microphone {
	const microphone_driver *driver;
	void *device;
	uint32_t rate;
	unsigned credit; /* the audio thread's */
	audio_listener listeners[AUDIO_UPLINKS_MAX];
	size_t count;
};

struct port_speaker {
	const speaker_driver *driver;
	void *device;
	uint32_t rate;
	unsigned credit;         /* the audio thread's */
	atomic_bool has_sounded; /* `first_sound` is written once, before this */
	uint64_t first_sound;
	audio_downlink *downlinks[AUDIO_DOWNLINKS_MAX];
	size_t count;
};

/** What the thread serves. Read and changed, with all that is attached, only under `lock`. */
typedef struct {
	pthread_mutex_t lock;
	port_microphone *microphones[AUDIO_MICROPHONES_MAX]; /* NULL: a free place */
	port_speaker *speaker;
} audio_devices;

extern audio_devices audio_open;

/** Starts the thread unless it runs. One caller at a time, as for stop. */
bool audio_thread_start(void);
/** Ends it. */
void audio_thread_stop(void);
/** Under the lock: returns when no tick works any more on what was just removed. */
void audio_thread_let_go(void);

#endif
