/* The table of memory profiles; docs/memory.md explains its figures. */
#include "../profile.h"

#include <string.h>
#ifdef ESP_PLATFORM
#include <sdkconfig.h>
#endif

#define KB(n) ((size_t)(n)*1024)

/*
 * Tasks: name, bytes of stack, priority, core, how many at a time. Audio has the second core for
 * itself; the transport's shares the first with lwIP and Wi-Fi, whose packets it takes.
 */
#define TASKS(transport, audio, worker, waiting)                                                   \
	{                                                                                              \
		[PORT_TASK_TRANSPORT] = {"lk-transport", transport, 12, 0, 1},                             \
		[PORT_TASK_AUDIO] = {"lk-audio", audio, 15, 1, 1},                                         \
		[PORT_TASK_WORKER] = {"lk-worker", worker, 3, PORT_ANY_CORE, 1},                           \
		[PORT_TASK_WAITING] = {"lk-waiting", waiting, 3, PORT_ANY_CORE, 4},                        \
	}

/* clang-format off */
static const port_profile profiles[] = {
	{
		.name = "psram",
		.budget = {
			[PORT_ICE] = KB(36), [PORT_DTLS] = KB(80), [PORT_SRTP] = KB(16), [PORT_RTP] = KB(24),
			[PORT_AUDIO] = KB(56), [PORT_OPUS] = KB(96), [PORT_SCTP] = KB(256), [PORT_PEER] = KB(24),
			[PORT_STREAM] = KB(96), [PORT_BINDING] = KB(24),
		},
		.tasks = TASKS(KB(8), KB(30), KB(8), KB(8)),
		.xs_chunk = 78848, .xs_slots = 4928, .xs_stack = 1024,
		.max_signal = 32768, .max_data = 16000, .max_text = 16384, .max_streams = 4,
	},
	{
		.name = "internal",
		.budget = {
			[PORT_ICE] = KB(24), [PORT_DTLS] = KB(20), [PORT_SRTP] = KB(8), [PORT_RTP] = KB(4),
			[PORT_AUDIO] = KB(20), [PORT_OPUS] = KB(28), [PORT_SCTP] = KB(18), [PORT_PEER] = KB(12),
			[PORT_STREAM] = KB(32), [PORT_BINDING] = KB(20),
		},
		.tasks = TASKS(KB(5), KB(25), KB(8), KB(8)),
		.xs_chunk = 24576, .xs_slots = 2368, .xs_stack = 640,
		.max_signal = 5120, .max_data = 2000, .max_text = 2048, .max_streams = 2,
	},
#ifndef ESP_PLATFORM
	{
		.name = "desktop",
		.budget = {
			PORT_NO_LIMIT, PORT_NO_LIMIT, PORT_NO_LIMIT, PORT_NO_LIMIT, PORT_NO_LIMIT,
			PORT_NO_LIMIT, PORT_NO_LIMIT, PORT_NO_LIMIT, PORT_NO_LIMIT, PORT_NO_LIMIT,
		},
		.tasks = TASKS(0, 0, 0, 0),
		.max_signal = 65536, .max_data = 65535, .max_text = 131072, .max_streams = 16,
	},
#endif
};
/* clang-format on */

#ifdef CONFIG_LKXS_PROFILE_INTERNAL
#define PRESET 1
#elif defined(ESP_PLATFORM)
#define PRESET 0
#else
#define PRESET 2
#endif

static const port_profile *current = &profiles[PRESET];

const port_profile *port_profile_current(void)
{
	return current;
}

bool port_profile_choose(const char *name)
{
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			current = &profiles[i];
			return true;
		}
	}
	return false;
}
