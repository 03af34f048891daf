/* A TCP connection to whichever of a host's addresses answers first (RFC 8305). */
#ifndef LKXS_COMMON_TCP_RACE_H
#define LKXS_COMMON_TCP_RACE_H

#include <netdb.h>

#include "../stream.h"

/** Why none did. */
typedef struct {
	port_stream_error error;
	char text[PORT_STREAM_MESSAGE];
} tcp_race_failure;

/**
 * Asks the addresses in their order, the next one when those before have not answered within 0.3 s
 * or have refused; then those without an answer once more, since what was lost on the way TCP sends
 * again after a second at the earliest. Blocks, until `cancel` is readable if nothing ends it.
 * A connected socket; -1 with `failure`. Its text is empty when one answered, or it was cancelled.
 */
int tcp_race(const struct addrinfo *addresses, int cancel, tcp_race_failure *failure);

#endif
