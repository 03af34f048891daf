#include <speex/speex_echo.h>

#include "call.h"
#include "check.h"
#include "count.h"

#define TAIL (RATE * 64 / 1000) /* samples of echo that it looks for */

void echo_run(uint32_t frames)
{
	SpeexEchoState *state = speex_echo_state_init(FRAME_SAMPLES, TAIL);
	int rate = RATE;

	assert_non_null(state);
	speex_echo_ctl(state, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
	for (uint32_t i = 0; i < frames; i++) {
		const int16_t *far = speech_frame(i), *near = speech_frame(i + 200);
		int16_t microphone[FRAME_SAMPLES], out[FRAME_SAMPLES];

		for (size_t j = 0; j < FRAME_SAMPLES; j++)
			microphone[j] = (int16_t)(far[j] / 4 + near[j] / 4);
		count_place before = count_enter(COUNT_ECHO);
		speex_echo_cancellation(state, microphone, far, out);
		count_leave(before);
	}
	speex_echo_state_destroy(state);
}
