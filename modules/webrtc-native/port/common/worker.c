/*
 * The worker: what takes long (name resolution, TLS handshakes, making keys) away from threads with
 * deadlines. Its threads live while there is work. Work that waits for others has threads of its
 * own, because getaddrinfo() cannot be cancelled: name servers that do not answer hold up neither
 * the making of keys nor, with a second thread, the first look-up behind them. What looks up the
 * names of ICE's servers, one such job for each peer connection, does not hold up signalling.
 */
#include <pthread.h>
#include <stdbool.h>

#include "../transport.h"
#include "platform.h"

#define QUEUE 16

typedef struct {
	void (*run)(void *context);
	void *context;
} job;

typedef struct {
	job queue[QUEUE];
	size_t first, count, threads;
	size_t threads_max;
	port_task task;
} pool;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pool computing = {.threads_max = 1, .task = PORT_TASK_WORKER};
static pool waiting = {.threads_max = 2, .task = PORT_TASK_WAITING};
static pool asking = {.threads_max = 2, .task = PORT_TASK_WAITING};

static void *worker_main(void *context)
{
	pool *self = context;

	pthread_mutex_lock(&mutex);
	while (self->count > 0) {
		job next = self->queue[self->first];
		self->first = (self->first + 1) % QUEUE;
		self->count--;
		pthread_mutex_unlock(&mutex);
		next.run(next.context);
		pthread_mutex_lock(&mutex);
	}
	self->threads--;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static int pool_run(pool *self, job next)
{
	int result = -1;

	pthread_mutex_lock(&mutex);
	if (self->count < QUEUE) {
		pthread_t thread;
		if (self->threads < self->threads_max &&
			platform_thread(self->task, &thread, worker_main, self) == 0) {
			pthread_detach(thread);
			self->threads++;
		}
		if (self->threads > 0) {
			self->queue[(self->first + self->count++) % QUEUE] = next;
			result = 0;
		}
	}
	pthread_mutex_unlock(&mutex);
	return result;
}

int port_worker_run(void (*run)(void *context), void *context)
{
	return pool_run(&computing, (job){.run = run, .context = context});
}

int port_worker_run_waiting(void (*run)(void *context), void *context)
{
	return pool_run(&waiting, (job){.run = run, .context = context});
}

int port_worker_run_asking(void (*run)(void *context), void *context)
{
	return pool_run(&asking, (job){.run = run, .context = context});
}

bool port_worker_forget_asking(const void *context)
{
	size_t kept = 0;

	pthread_mutex_lock(&mutex);
	size_t count = asking.count;
	for (size_t i = 0; i < count; i++) {
		job waits = asking.queue[(asking.first + i) % QUEUE];
		if (waits.context != context)
			asking.queue[(asking.first + kept++) % QUEUE] = waits;
	}
	asking.count = kept;
	pthread_mutex_unlock(&mutex);
	return kept < count;
}
