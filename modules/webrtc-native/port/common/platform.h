/*
 * What the files of port/common ask of the platform, beyond sockets and POSIX threads as
 * port/posix's systems and ESP-IDF both have them. port/posix and port/esp32 each implement it.
 */
#ifndef LKXS_PLATFORM_H
#define LKXS_PLATFORM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../core/net.h"
#include "../profile.h"
#include "heap.h"

/** pthread_create() with the profile's stack, priority and core. 0 or -1. No signals arrive there.
 */
int platform_thread(port_task task, pthread_t *thread, void *(*run)(void *context), void *context);

/** Makes a condition variable for platform_wait_until(). */
void platform_wait_init(pthread_cond_t *condition);
/** As pthread_cond_timedwait(), until `deadline` on port_now()'s clock; may return early. */
void platform_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t deadline);

/**
 * The addresses of network interfaces that are up, at most `max`, port 0; without loopback unless
 * it is wanted, and without link-local IPv6 (it would need a zone, which candidates cannot carry).
 * Their count, or -1 with errno.
 */
int platform_addresses(net_address *out, int max, bool loopback);

/** A peer begins and ends: while there is one, the radio does not sleep. Any thread. */
void platform_call_begin(void);
void platform_call_end(void);

/** Has link_look() called, on any thread, whenever addresses may have changed. */
bool platform_link_watch(void);
/** link_look() is not called after this returns. */
void platform_link_unwatch(void);
/** common/link.c: compares the addresses that there are with those that there were. */
void link_look(void);

#endif
