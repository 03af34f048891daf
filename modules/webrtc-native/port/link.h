/*
 * The network beneath: whether there is an address to speak from, and when the addresses change.
 * Wi-Fi that comes back with another address, a cable pulled out, a desktop that wakes up.
 */
#ifndef LKXS_PORT_LINK_H
#define LKXS_PORT_LINK_H

#include <stdbool.h>

typedef struct port_link_watcher port_link_watcher;

struct port_link_watcher {
	/**
	 * Called on any thread, when the addresses of the interfaces that are up have become others, or
	 * when port_link_pretend() was called. It posts and returns.
	 */
	void (*on_change)(void *context);
	void *context;
	port_link_watcher *next; /* the port's own */
};

/** The watcher is the caller's memory. 0, or -1 when the system cannot be asked to tell. */
int port_link_watch(port_link_watcher *watcher);
/** on_change is not called after this returns. Only for one that watches. */
void port_link_unwatch(port_link_watcher *watcher);
/** Whether some interface other than loopback is up and has an address. */
bool port_link_up(void);

typedef enum { PORT_LINK_REAL, PORT_LINK_UP, PORT_LINK_DOWN } port_link_pretence;

/** For tests: port_link_up() says so from now on, whatever is true. Watchers are told. */
void port_link_pretend(port_link_pretence pretence);

#endif
