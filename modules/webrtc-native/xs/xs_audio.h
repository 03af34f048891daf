/*
 * Microphone and Speaker objects as Peer sees them. A device that senders or receivers still use
 * outlives its JavaScript object, and its close().
 */
#ifndef LKXS_XS_AUDIO_H
#define LKXS_XS_AUDIO_H

#include "xs_support.h"

#include "../port/audio.h"

typedef struct {
	port_microphone *port;
	unsigned users; /* its JavaScript object until closed, and each sender */
} microphone_object;

typedef struct {
	port_speaker *port;
	unsigned users; /* its JavaScript object until closed, and each receiver */
} speaker_object;

/** The device behind `slot`; throws when `slot` is none, or a closed one. */
microphone_object *microphone_of(xsMachine *the, xsSlot *slot);
void microphone_use(microphone_object *microphone);
void microphone_drop(microphone_object *microphone);
speaker_object *speaker_of(xsMachine *the, xsSlot *slot);
void speaker_use(speaker_object *speaker);
void speaker_drop(speaker_object *speaker);

#endif
