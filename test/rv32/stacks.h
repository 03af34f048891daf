/* A painted stack for each of the device's tasks, so that a run shows how deep each went. */
#ifndef LKXS_RV32_STACKS_H
#define LKXS_RV32_STACKS_H

#include <stddef.h>

/* The audio task's twice: as it can be without PSRAM, and what is deeper with it. */
typedef enum {
	STACK_TRANSPORT,
	STACK_AUDIO,
	STACK_AUDIO_INTERNAL,
	STACK_WORKER,
	STACKS
} stack_task;

void stack_paint_all(void);
/** Runs work(argument) on a task's stack. Not from one that is in use. */
void stack_run(stack_task task, void (*work)(void *argument), void *argument);
/** Bytes that were used since they were painted. */
size_t stack_depth(stack_task task);
const char *stack_name(stack_task task);

#endif
