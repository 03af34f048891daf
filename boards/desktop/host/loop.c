/*
 * The event loop. The machine's thread sleeps in poll() until a timer is due or something writes to
 * the wake pipe: a thread with a message, or a signal. Nothing polls.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "xsAll.h"

#include "host_hold.h"
#include "loop.h"
#include "xsHost.h"

#define QUEUE_LENGTH 10 /* as many as the device's queue */

typedef struct {
	modMessageDeliver callback;
	void *refcon;
	uint8_t *bytes;
	uint16_t length;
} message;

static struct {
	pthread_mutex_t mutex;
	message messages[QUEUE_LENGTH];
	unsigned first, count;
	message
		delivering; /* its bytes are freed by the machine's thread, also when a callback exits */
	bool closed;
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int wake_pipe[2] = {-1, -1};
static atomic_int holds;
static volatile sig_atomic_t signal_received;

static host_timer *timers; /* all that live; few, so the next one is searched for */
static uint64_t timer_order;

uint64_t host_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Async-signal-safe. A full pipe will wake the loop anyway. */
static void wake(void)
{
	ssize_t ignored = write(wake_pipe[1], "", 1);
	(void)ignored;
}

void hostHold(void)
{
	atomic_fetch_add(&holds, 1);
}

void hostRelease(void)
{
	if (atomic_fetch_sub(&holds, 1) == 1)
		wake();
}

int modMessagePostToMachine(xsMachine *the, uint8_t *bytes, uint16_t length,
							modMessageDeliver callback, void *refcon)
{
	int result = -2;
	uint8_t *copy = NULL;
	(void)the;
	if (length > 0) {
		copy = malloc(length);
		if (copy == NULL)
			return -1;
		memcpy(copy, bytes, length);
	}
	pthread_mutex_lock(&queue.mutex);
	if (!queue.closed && queue.count < QUEUE_LENGTH) {
		queue.messages[(queue.first + queue.count++) % QUEUE_LENGTH] =
			(message){callback, refcon, copy, length};
		result = 0;
	}
	pthread_mutex_unlock(&queue.mutex);
	if (result != 0)
		free(copy);
	else
		wake();
	return result;
}

static void finish_delivery(void)
{
	free(queue.delivering.bytes);
	queue.delivering.bytes = NULL;
}

/* Makes the oldest message the one that is delivered. */
static bool take_message(void)
{
	bool taken = false;
	pthread_mutex_lock(&queue.mutex);
	if (queue.count > 0) {
		queue.delivering = queue.messages[queue.first];
		queue.first = (queue.first + 1) % QUEUE_LENGTH;
		queue.count--;
		taken = true;
	}
	pthread_mutex_unlock(&queue.mutex);
	return taken;
}

static bool deliver_message(xsMachine *the)
{
	const message *message = &queue.delivering;
	if (!take_message())
		return false;
	(*message->callback)(the, message->refcon, message->bytes, message->length);
	finish_delivery();
	return true;
}

host_timer *host_timer_create(void)
{
	host_timer *timer = calloc(1, sizeof(*timer));
	if (timer != NULL) {
		timer->next = timers;
		timers = timer;
	}
	return timer;
}

void host_timer_schedule(host_timer *timer, int32_t interval, int32_t repeat)
{
	timer->due = host_now() + (uint64_t)interval * 1000;
	timer->order = timer_order++;
	timer->repeat = repeat;
	timer->scheduled = true;
	timer->kept = false;
}

void host_timer_remove(xsMachine *the, host_timer *timer)
{
	host_timer **address = &timers;
	timer->scheduled = false;
	if (timer->firing) {
		timer->removed = true;
		return;
	}
	while (*address != timer)
		address = &(*address)->next;
	*address = timer->next;
	xsForget(timer->self);
	xsForget(timer->callback);
	free(timer);
}

static host_timer *next_timer(void)
{
	host_timer *next = NULL;
	host_timer *timer;
	for (timer = timers; timer != NULL; timer = timer->next) {
		if (timer->scheduled && (next == NULL || timer->due < next->due ||
								 (timer->due == next->due && timer->order < next->order)))
			next = timer;
	}
	return next;
}

static void fire(xsMachine *the, host_timer *timer)
{
	timer->firing = true;
	timer->scheduled = timer->repeat > 0;
	timer->due += (uint64_t)timer->repeat * 1000; /* from when it was due: no drift */
	timer->order = timer_order++;
	xsBeginHost(the);
	{
		xsVars(2);
		xsVar(0) = xsAccess(timer->callback);
		xsVar(1) = xsAccess(timer->self);
		xsCallFunction1(xsVar(0), xsGlobal, xsVar(1));
	}
	xsEndHost(the);
	timer->firing = false;
	if (timer->removed || !(timer->scheduled || timer->kept)) {
		xsBeginHost(the);
		{
			xsVars(1);
			xsVar(0) = xsAccess(timer->self);
			xsSetHostData(xsVar(0), NULL);
		}
		xsEndHost(the);
		host_timer_remove(the, timer);
	}
}

static void on_signal(int number)
{
	if (signal_received != 0)
		_exit(128 + number);
	signal_received = number;
	wake();
}

/* The first signal asks the app, once; without its answer it ends as the signal would end it. */
static void take_signal(xsMachine *the)
{
	host *host = host_of(the);
	int number = signal_received;
	if (host->signalled || number == 0)
		return;
	host->signalled = true;
	xsBeginHost(the);
	{
		xsVars(1);
		xsVar(0) = xsAccess(host->on_terminate);
		if (xsTypeOf(xsVar(0)) != xsReferenceType)
			host_exit(the, 128 + number);
		xsCallFunction0(xsVar(0), xsGlobal);
	}
	xsEndHost(the);
}

bool host_loop_open(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	int i;
	if (pipe(wake_pipe) != 0)
		return false;
	for (i = 0; i < 2; i++) {
		fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
		fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return true;
}

/* Promise jobs run to the end after every callback; what they leave rejected ends the app. */
static void run_jobs(xsMachine *the)
{
	host *host = host_of(the);
	while (host->promise_jobs) {
		host->promise_jobs = false;
		fxRunPromiseJobs(the);
	}
	fxCheckUnhandledRejections(the, 1);
}

/* Sleeps until the pipe is written to or the timer is due, and empties the pipe. */
static void sleep_until(const host_timer *timer)
{
	struct pollfd wakes = {.fd = wake_pipe[0], .events = POLLIN};
	char bytes[64];
	int timeout = -1;
	if (timer != NULL) {
		uint64_t now = host_now();
		uint64_t left = timer->due > now ? (timer->due - now + 999) / 1000 : 0;
		timeout = left < INT32_MAX ? (int)left : INT32_MAX;
	}
	poll(&wakes, 1, timeout);
	while (read(wake_pipe[0], bytes, sizeof(bytes)) > 0)
		;
}

void host_loop_run(xsMachine *the)
{
	for (;;) {
		host_timer *timer;
		bool delivered;
		bool held;
		run_jobs(the);
		take_signal(the);
		/* Before the queue is looked at: who posts and then releases is not missed. */
		held = atomic_load(&holds) > 0;
		delivered = deliver_message(the);
		if (delivered)
			run_jobs(the);
		/* A stream of messages does not keep timers from their turn. */
		timer = next_timer();
		if (timer != NULL && timer->due <= host_now())
			fire(the, timer);
		else if (!delivered && !the->host->promise_jobs) {
			if (timer == NULL && !held)
				return;
			sleep_until(timer);
		}
	}
}

void host_loop_stop(void)
{
	pthread_mutex_lock(&queue.mutex);
	queue.closed = true;
	pthread_mutex_unlock(&queue.mutex);
	finish_delivery();
	while (take_message())
		finish_delivery();
}

void host_loop_close(void)
{
	while (timers != NULL) {
		host_timer *timer = timers;
		timers = timer->next;
		free(timer);
	}
}
