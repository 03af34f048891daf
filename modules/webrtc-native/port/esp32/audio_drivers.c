#include "../common/audio_device.h"

extern const microphone_driver i2s_microphone;
extern const speaker_driver i2s_speaker;

const char audio_no_driver[] = "%s: a board has no such driver: use i2s";

const microphone_driver *microphone_driver_of(port_audio_driver driver)
{
	return driver == PORT_AUDIO_I2S ? &i2s_microphone : NULL;
}

const speaker_driver *speaker_driver_of(port_audio_driver driver)
{
	return driver == PORT_AUDIO_I2S ? &i2s_speaker : NULL;
}
