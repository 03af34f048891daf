/*
 * Microphone and Speaker objects as Peer sees them. A device that senders or receivers still use
 * outlives its JavaScript object, and its close().
 */
#ifndef LKXS_XS_AUDIO_H
#define LKXS_XS_AUDIO_H

#include "xs_support.h"

#include "../port/audio.h"

typedef struct {
	xs_link link; /* open while JavaScript feeds it: xs_feed.c */
	bool fed;
	atomic_bool waiting; /* JavaScript wants to hear of it when more was taken */
	port_microphone *port;
	unsigned users; /* its JavaScript object until closed, and each sender */
} microphone_object;

typedef struct {
	port_speaker *port;
	unsigned users; /* its JavaScript object until closed, and each receiver */
} speaker_object;

/**
 * Arguments 0 to 2: a buffer, an offset in bytes and a count of samples. Throws when the buffer has
 * not so many, or is read-only and `writable` is asked for.
 */
int16_t *samples_of(xsMachine *the, size_t *count, bool writable);

/** The device behind `slot`; throws when `slot` is none, or a closed one. */
microphone_object *microphone_of(xsMachine *the, xsSlot *slot);
void microphone_use(microphone_object *microphone);
void microphone_drop(microphone_object *microphone);
speaker_object *speaker_of(xsMachine *the, xsSlot *slot);
void speaker_use(speaker_object *speaker);
void speaker_drop(speaker_object *speaker);

#endif
