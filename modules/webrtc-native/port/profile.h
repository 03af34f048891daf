/*
 * The memory profiles: what each subsystem, task and XS heap may take, in one table (profile.c;
 * docs/memory.md shows it). `psram` is a board with PSRAM, where INTERNAL memory is what is scarce;
 * `internal` is one without.
 */
#ifndef LKXS_PROFILE_H
#define LKXS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/port.h"

typedef enum {
	PORT_TASK_TRANSPORT, /* sockets, ICE, DTLS, SRTP, SCTP and all their timers */
	PORT_TASK_AUDIO,     /* capture, encode, decode, playout */
	PORT_TASK_WORKER,    /* makes keys; lives while there is work */
	PORT_TASK_WAITING,   /* DNS, TCP and TLS; lives while there is work, four at most */
	PORT_TASKS
} port_task;

#define PORT_ANY_CORE (-1)
#define PORT_NO_LIMIT SIZE_MAX

typedef struct {
	const char *name;
	uint32_t stack;   /* bytes of internal memory; 0 takes the system's default */
	uint8_t priority; /* of FreeRTOS; the engine's is 4, lwIP's 18, Wi-Fi's 23 */
	int8_t core;      /* on chips that have two */
	uint8_t count;    /* of such tasks at a time, at most */
} port_task_profile;

typedef struct {
	const char *name;
	size_t budget[PORT_SUBSYSTEMS]; /* bytes that port_alloc() gives each at most */
	port_task_profile tasks[PORT_TASKS];
	uint32_t xs_chunk;   /* bytes */
	uint32_t xs_slots;   /* of 16 bytes */
	uint32_t xs_stack;   /* slots */
	uint32_t max_signal; /* bytes of one signal message from the server */
	uint32_t max_data;   /* bytes of one message in a data channel from others */
	uint32_t max_text;   /* bytes of others' texts and calls at a time, in the engine's heap */
	uint8_t max_streams; /* of others at a time, and as many calls */
} port_profile;

/**
 * The profile in force. A board's sdkconfig chooses it; the desktop has `desktop`, whose budgets
 * are without limit, until port_profile_choose() has named another.
 */
const port_profile *port_profile_current(void);
/** Before anything is allocated. False when there is none of that name. */
bool port_profile_choose(const char *name);

/** The most bytes that port_alloc() had given to all subsystems together at one time. */
size_t port_memory_peak(void);

#endif
