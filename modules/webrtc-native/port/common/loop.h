/*
 * The transport thread: sleeps in one poll() over every client's sockets until a socket is ready, a
 * client's time has come or someone wakes it. Starts with the first client, ends with the last.
 *
 * Locks: a client's callback runs without the loop's lock, so it may take the client's own; the
 * functions here may be called with a client's lock held, except loop_remove() (it waits for the
 * callback to return).
 */
#ifndef LKXS_COMMON_LOOP_H
#define LKXS_COMMON_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../core/bounds.h"

#define LOOP_SOCKETS 16 /* sockets of one client */
#define LOOP_NEVER UINT64_MAX

typedef struct loop_client loop_client;

struct loop_client {
	/**
	 * Runs on the transport thread when a socket is ready (client->revents[i], poll's bits), when
	 * `due` has come or after loop_wake(). It may remove its own client, as its last act.
	 */
	void (*run)(loop_client *client, uint64_t now);
	int sockets[LOOP_SOCKETS]; /* -1: none, after loop_unwatch() */
	short revents[LOOP_SOCKETS];

	/* The loop's own: */
	short events[LOOP_SOCKETS];
	size_t count;
	uint64_t due;
	atomic_bool woken;
	bool ready;
	uint32_t serial; /* tells a client from an earlier one at the same address */
	loop_client *next;
};

/** `client->run` is set by the caller, the rest is initialised here. 0, or -1: no thread. */
int loop_add(loop_client *client);
/** After this no callback runs, and the caller may close the sockets and free the client. */
void loop_remove(loop_client *client);
/** Adds a socket and returns its index in `sockets`, or -1 when there is no room. */
int loop_watch(loop_client *client, int socket, short events);
/** The caller may close the socket; its index is given anew. */
void loop_unwatch(loop_client *client, size_t index);
void loop_set_events(loop_client *client, size_t index, short events);
/** When `run` is wanted at the latest; LOOP_NEVER for not at all. */
void loop_set_due(loop_client *client, uint64_t due);
/** Makes `run` run soon. Takes no lock. */
void loop_wake(loop_client *client);

#endif
