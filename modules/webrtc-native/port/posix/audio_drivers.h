/* The drivers of this port. */
#ifndef LKXS_POSIX_AUDIO_DRIVERS_H
#define LKXS_POSIX_AUDIO_DRIVERS_H

#include "../common/audio_device.h"

extern const microphone_driver wav_microphone;
extern const speaker_driver wav_speaker;
#ifdef LKXS_ALSA
extern const microphone_driver alsa_microphone;
extern const speaker_driver alsa_speaker;
#endif

#endif
