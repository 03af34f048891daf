/*
 * Audio devices and the audio thread, as the XS binding sees them. One thread per process serves
 * one microphone, a few that are fed by the app, and one speaker; it runs while any is open and
 * wakes every 20 ms. port/posix: WAV files and ALSA; port/esp32: I2S.
 */
#ifndef LKXS_PORT_AUDIO_H
#define LKXS_PORT_AUDIO_H

#include "../core/audio/engine.h"

/** NONE is a speaker that plays nowhere, in real time. */
typedef enum { PORT_AUDIO_WAV, PORT_AUDIO_ALSA, PORT_AUDIO_I2S, PORT_AUDIO_NONE } port_audio_driver;

typedef enum { PORT_I2S_STD, PORT_I2S_TDM, PORT_I2S_PDM } port_i2s_format;

/** An I2S bus of which the device is the master; device.ts says more. -1 is no pin. */
typedef struct {
	port_i2s_format format;
	uint8_t controller;
	int8_t mclk, bclk, ws, din, dout;
	uint8_t bits;  /* of a slot: 16 or 32 */
	uint8_t slots; /* in a frame */
	uint8_t slot;  /* the microphone's; sound for the speaker is in all */
} port_i2s_options;

typedef struct {
	port_audio_driver driver;
	const char *path;   /* WAV file */
	const char *device; /* ALSA name; NULL is "default" */
	uint32_t sample_rate;
	bool loop; /* WAV microphone */
	port_i2s_options i2s;
} port_audio_options;

typedef struct port_microphone port_microphone;
typedef struct port_speaker port_speaker;

#define PORT_FEEDS_MAX 3

/**
 * One microphone can be open at a time, and PORT_FEEDS_MAX that are fed. NULL with one line in
 * `error` that says what to do. A WAV microphone stands still until an attached uplink is unmuted:
 * whoever speaks on it begins when the device listens.
 */
port_microphone *port_microphone_open(const port_audio_options *options, char *error, size_t size);
void port_microphone_close(port_microphone *microphone);
uint32_t port_microphone_rate(const port_microphone *microphone);
/**
 * -1 when too many. The uplink's encoder has the microphone's rate. `on_packet` is called on the
 * audio thread after a packet went into the ring; it posts and returns, and must not call functions
 * of this file.
 */
int port_microphone_attach(port_microphone *microphone, audio_uplink *uplink,
						   void (*on_packet)(void *context), void *context);
/** Returns once the audio thread has let go of it. */
void port_microphone_detach(port_microphone *microphone, audio_uplink *uplink);

typedef struct {
	uint32_t sample_rate; /* Hz, of what is fed: 8000 to 48000 */
	uint32_t queue_ms;    /* 20 to 1000: how much is held that was not sent */
	/** On the audio thread, every 20 ms, when it has taken what was due: posts and returns. */
	void (*on_taken)(void *context);
	void *context;
} port_feed_options;

/**
 * A microphone that is fed with samples; its rate is the Opus rate for theirs. Every 20 ms the
 * audio thread takes as much, whether or not anything listens. When nothing has come for a while it
 * gives silence for 200 ms, and then nothing at all.
 */
port_microphone *port_feed_open(const port_feed_options *options, char *error, size_t size);
/** One thread at a time, as for those below. As many samples as there is room for; how many. */
size_t port_feed_push(port_microphone *feed, const int16_t *samples, size_t count);
/** Microseconds of sound that wait. */
uint64_t port_feed_queued(const port_microphone *feed);
/** What waits is not sent. */
void port_feed_clear(port_microphone *feed);

/** One speaker can be open at a time. NULL with one line in `error` that says what to do. */
port_speaker *port_speaker_open(const port_audio_options *options, char *error, size_t size);
void port_speaker_close(port_speaker *speaker);
uint32_t port_speaker_rate(const port_speaker *speaker);
/** -1 when too many. The downlink has the speaker's rate. */
int port_speaker_attach(port_speaker *speaker, audio_downlink *downlink);
/** Returns once the audio thread has let go of it. */
void port_speaker_detach(port_speaker *speaker, audio_downlink *downlink);
/** -1 when too many. The tap gets what `downlink`, which is attached, plays. */
int port_speaker_tap(audio_downlink *downlink, audio_tap *tap);
/** Returns once the audio thread has let go of the tap. */
void port_speaker_untap(audio_downlink *downlink, const audio_tap *tap);
/** Microseconds (monotonic) when sound other than silence was first played; 0 before. */
uint64_t port_speaker_first_sound(const port_speaker *speaker);

typedef struct {
	uint32_t ticks;
	uint32_t stalls;         /* times that the thread was held up for longer than it can catch up */
	uint32_t frames_skipped; /* of 20 ms, in stalls */
	uint32_t xruns;          /* sound hardware ran over or dry */
	uint32_t device_errors;  /* reads and writes that failed: no sound came, or it was lost */
} port_audio_stats;

/** Counted since the process began. Any thread. */
void port_audio_get_stats(port_audio_stats *out);

#endif
