/* What port/common asks of a POSIX system. */
#include "../common/platform.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "../common/address.h"
#include "../transport.h"

void *platform_memory(size_t size, port_place place)
{
	(void)place; /* one kind of memory here */
	return calloc(1, size);
}

void platform_memory_free(void *memory)
{
	free(memory);
}

/*
 * Sound must be punctual, and what it is sent with, whatever else the machine does: real time,
 * where the system lets us (root, or RLIMIT_RTPRIO); 0 is the system's own way.
 */
static const int realtime[PORT_TASKS] = {[PORT_TASK_TRANSPORT] = 2, [PORT_TASK_AUDIO] = 3};

/* Stacks here are the system's: far larger than a board's. */
int platform_thread(port_task task, pthread_t *thread, void *(*run)(void *context), void *context)
{
	sigset_t all, before;

	sigfillset(&all); /* signals are for the application's thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int result = pthread_create(thread, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result != 0)
		return -1;
	if (realtime[task] > 0)
		pthread_setschedparam(*thread, SCHED_RR,
							  &(struct sched_param){.sched_priority = realtime[task]});
	return 0;
}

/* macOS has no monotonic condition variables, but relative waits. */
void platform_wait_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
#ifndef __APPLE__
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

void platform_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t deadline)
{
#ifdef __APPLE__
	uint64_t now = port_now();
	uint64_t left = deadline > now ? deadline - now : 0;
	struct timespec time = {(time_t)(left / 1000000), (long)(left % 1000000) * 1000};

	pthread_cond_timedwait_relative_np(condition, mutex, &time);
#else
	struct timespec time = {(time_t)(deadline / 1000000), (long)(deadline % 1000000) * 1000};

	pthread_cond_timedwait(condition, mutex, &time);
#endif
}

static bool usable(const struct ifaddrs *interface, bool loopback, net_address *address)
{
	if (!interface->ifa_addr || !(interface->ifa_flags & IFF_UP) ||
		!(interface->ifa_flags & IFF_RUNNING) || !address_from_socket(address, interface->ifa_addr))
		return false;
	address->port = 0;
	if (address->family == 6 && net_address_is_link_local(address))
		return false;
	return loopback || !net_address_is_loopback(address);
}

int platform_addresses(net_address *out, int max, bool loopback)
{
	struct ifaddrs *interfaces;
	int count = 0;

	if (getifaddrs(&interfaces) != 0)
		return -1;
	for (const struct ifaddrs *at = interfaces; at && count < max; at = at->ifa_next)
		if (usable(at, loopback, &out[count]))
			count++;
	freeifaddrs(interfaces);
	return count;
}

/* A desktop's radio is its system's affair. */
void platform_call_begin(void)
{
}

void platform_call_end(void)
{
}
