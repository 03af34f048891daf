#include "audio_drivers.h"

const char audio_no_driver[] = "%s: this build has no such driver: use wav, or build with alsa "
							   "(apt-get install libasound2-dev)";

const microphone_driver *microphone_driver_of(port_audio_driver driver)
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

const speaker_driver *speaker_driver_of(port_audio_driver driver)
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
