/* What the self-test's parts share. */
#ifndef LKXS_RV32_CALL_H
#define LKXS_RV32_CALL_H

#include <stddef.h>
#include <stdint.h>

#define RATE 16000                /* Hz */
#define FRAME_SAMPLES (RATE / 50) /* 20 ms */

extern const uint8_t speech_wav[], speech_wav_end[];

/** 20 ms of spoken sentences, which begin anew when they are over. */
const int16_t *speech_frame(uint32_t number);

/**
 * speexdsp's echo canceller alone on `frames` frames, half of them far end, counted as COUNT_ECHO
 * of nobody.
 */
void echo_run(uint32_t frames);

/** Takes the audio task's stack as deep as a board, and whoever sends to it, can take it. */
void deepest_run(void);

#endif
