/* Timers on the event loop: what xs_timer.c is made of. */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include "host.h"

typedef struct host_timer {
	struct host_timer *next;
	xsSlot self; /* the JavaScript Timer; both slots are remembered while the timer lives */
	xsSlot callback;
	uint64_t due;   /* microseconds */
	uint64_t order; /* among those due at the same time: as they were scheduled */
	int32_t repeat; /* milliseconds, 0 for once */
	bool scheduled;
	bool firing;
	bool kept;    /* unscheduled by its owner, who may schedule it again */
	bool removed; /* while firing: freed after it */
} host_timer;

/** A living, unscheduled timer, or NULL without memory. */
host_timer *host_timer_create(void);
/** `interval` and `repeat` in milliseconds. */
void host_timer_schedule(host_timer *timer, int32_t interval, int32_t repeat);
/** Forgets its slots and frees it, at the latest when its callback returns. */
void host_timer_remove(xsMachine *the, host_timer *timer);

#endif
