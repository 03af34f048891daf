/*
 * The network beneath: which addresses there are to speak from, and when that changes. Wi-Fi that
 * comes back with another address, a cable pulled out, a desktop that wakes up.
 */
#ifndef LKXS_PORT_LINK_H
#define LKXS_PORT_LINK_H

#include <stdbool.h>

/**
 * `on_change` is called on any thread, after the addresses of the interfaces that are up became
 * others, or port_link_pretend() changed something; it posts and returns. One watcher at a time.
 * 0, or -1 when there is one already or the system tells of no changes.
 */
int port_link_watch(void (*on_change)(void *context), void *context);
/** on_change is not called after this returns. */
void port_link_unwatch(void);
/** Whether some interface other than loopback is up and has an address. */
bool port_link_up(void);

typedef enum { PORT_LINK_REAL, PORT_LINK_UP, PORT_LINK_DOWN } port_link_pretence;

/** For tests: from now on port_link_up() says so, whatever is true. Tells the watcher, always. */
void port_link_pretend(port_link_pretence pretence);

#endif
