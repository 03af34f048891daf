/*
 * What the core asks of its platform: memory, entropy and the text form of addresses.
 * port/common with port/posix or port/esp32 implements all of it. Time is never asked for here: the
 * core is given `now` (monotonic microseconds) by whoever drives it.
 */
#ifndef LKXS_PORT_H
#define LKXS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

/** Where memory should come from: INTERNAL is fast and scarce (SRAM), EXTERNAL may be PSRAM. */
typedef enum { PORT_INTERNAL, PORT_EXTERNAL } port_place;

/** Who pays for memory. Every allocation names one, so that a board can budget each. */
typedef enum {
	PORT_ICE,
	PORT_DTLS, /* includes all of mbedTLS's own allocations for DTLS */
	PORT_SRTP,
	PORT_RTP,
	PORT_AUDIO, /* rings, jitter buffers, frames */
	PORT_OPUS,
	PORT_SCTP,
	PORT_PEER,
	PORT_STREAM, /* TCP/TLS streams, inbound signal messages, TLS's mbedTLS memory */
	PORT_BINDING,
	PORT_SUBSYSTEMS,
	/** Nobody: what a device has in flash, and a desktop's port in memory. Not counted. */
	PORT_FLASH = PORT_SUBSYSTEMS
} port_subsystem;

/** Zeroed memory, or NULL when the heap or the subsystem's budget is exhausted (counted). */
void *port_alloc(size_t size, port_place place, port_subsystem subsystem);
/** Frees what port_alloc gave; NULL is ignored. */
void port_free(void *memory);

typedef struct {
	size_t current;       /* bytes */
	size_t peak;          /* bytes */
	size_t budget;        /* bytes that it may have at most; SIZE_MAX without a limit */
	uint32_t allocations; /* calls that succeeded since the start: must stand still during a call */
	uint32_t failures;
} port_memory_usage;

port_memory_usage port_memory_of(port_subsystem subsystem);

/** Fills `out` from the platform's entropy source. 0, or -1 when none is available. */
int port_entropy(uint8_t *out, size_t length);

#endif
