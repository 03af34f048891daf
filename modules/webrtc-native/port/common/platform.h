/*
 * What the files of port/common ask of the platform, beyond sockets and POSIX threads as
 * port/posix's systems and ESP-IDF both have them. port/posix and port/esp32 each implement it.
 */
#ifndef LKXS_PLATFORM_H
#define LKXS_PLATFORM_H

#include <pthread.h>
#include <stdint.h>

#include "../../core/net.h"
#include "heap.h"

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

#endif
