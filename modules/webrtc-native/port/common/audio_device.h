/* What a kind of microphone or speaker is to the audio thread (audio.c). */
#ifndef LKXS_COMMON_AUDIO_DEVICE_H
#define LKXS_COMMON_AUDIO_DEVICE_H

#include "../audio.h"

/** Counters that drivers add to; the audio thread's own. */
typedef struct {
	uint32_t xruns, errors;
} audio_device_faults;

/*
 * open() runs on the caller's thread and gives NULL with one line in `error`; all else runs on the
 * audio thread, but for close(), which runs when that has let go. Frames are 20 ms of mono samples.
 *
 * ready(): frames the device can give or take now. NULL when the device has no clock of its own and
 * takes one frame a tick.
 */
typedef struct {
	void *(*open)(const port_audio_options *options, char *error, size_t size);
	unsigned (*ready)(void *device, audio_device_faults *faults);
	/** `listening`: somebody hears this. False when there is nothing: time passes all the same. */
	bool (*read)(void *device, int16_t *samples, bool listening, audio_device_faults *faults);
	void (*close)(void *device);
} microphone_driver;

typedef struct {
	void *(*open)(const port_audio_options *options, char *error, size_t size);
	unsigned (*ready)(void *device, audio_device_faults *faults);
	void (*write)(void *device, const int16_t *samples, audio_device_faults *faults);
	void (*close)(void *device);
} speaker_driver;

/* Those of every port: audio_feed.c, audio_none.c. */
extern const microphone_driver feed_microphone;
extern const speaker_driver no_speaker;
/** NULL, and a line in `error`. */
void *audio_feed_create(const port_feed_options *options, char *error, size_t size);
uint32_t audio_feed_rate(const void *feed);

/** NULL when this port has no such driver. */
const microphone_driver *microphone_driver_of(port_audio_driver driver);
const speaker_driver *speaker_driver_of(port_audio_driver driver);
/** What is said then, with %s for "microphone" or "speaker". */
extern const char audio_no_driver[];

#endif
