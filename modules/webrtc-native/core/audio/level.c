#include "level.h"

#define FULL_SCALE_BITS 30 /* log2 of 32768 squared */
#define FRACTION_BITS 8

/* log2 of x > 0 with FRACTION_BITS of fraction, by squaring the mantissa once a bit. */
static uint32_t log2_fixed(uint64_t x)
{
	uint32_t whole = 0;
	uint32_t mantissa;

	while (x >> (whole + 1))
		whole++;
	mantissa = (uint32_t)(whole > 15 ? x >> (whole - 15) : x << (15 - whole)); /* 1.0 is 1 << 15 */
	uint32_t result = whole;
	for (int i = 0; i < FRACTION_BITS; i++) {
		mantissa = mantissa * mantissa >> 15;
		result <<= 1;
		if (mantissa >> 16) {
			mantissa >>= 1;
			result |= 1;
		}
	}
	return result;
}

uint8_t audio_level(const int16_t *samples, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (uint32_t)(samples[i] * samples[i]);
	if (sum == 0)
		return 127;

	uint32_t full = (FULL_SCALE_BITS << FRACTION_BITS) + log2_fixed(count);
	uint32_t power = log2_fixed(sum);
	if (power >= full)
		return 0;
	/* 10 log10(2) = 3.0103 dB a bit, which is 771 / 65536 for 1/256 of a bit */
	uint32_t level = ((full - power) * 771 + 32768) >> 16;
	return level > 127 ? 127 : (uint8_t)level;
}

void audio_voice_init(audio_voice *voice)
{
	*voice = (audio_voice){.floor = AUDIO_VOICE_FLOOR << 4};
}

bool audio_voice_update(audio_voice *voice, uint8_t level)
{
	uint32_t now = (uint32_t)level << 4;

	if (now > voice->floor)
		voice->floor = now; /* quieter than ever: follow at once */
	else if (voice->floor > AUDIO_VOICE_FLOOR_LOUDEST << 4)
		voice->floor--; /* 1 dB in 320 ms towards the louder */

	if (level < AUDIO_VOICE_QUIETEST && now + (AUDIO_VOICE_ABOVE << 4) < voice->floor)
		voice->hangover = AUDIO_VOICE_HANGOVER;
	else if (voice->hangover > 0)
		voice->hangover--;
	return voice->hangover > 0;
}
