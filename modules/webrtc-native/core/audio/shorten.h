/* Takes time out of sound without a click. */
#ifndef LKXS_AUDIO_SHORTEN_H
#define LKXS_AUDIO_SHORTEN_H

#include <stddef.h>
#include <stdint.h>

/**
 * Cuts 2.5 to 15 ms out of `samples` where the sound best resembles itself (a pitch period), with a
 * cross-fade of 5 ms. The first and last samples stay, so it joins what comes before and after. The
 * new count; the same when there is too little to cut from.
 */
size_t audio_shorten(int16_t *samples, size_t count, uint32_t sample_rate);

#endif
