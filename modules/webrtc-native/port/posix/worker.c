/*
 * The worker: what takes long (name resolution, TLS handshakes, making keys) away from threads with
 * deadlines. Its threads live while there is work; a second one keeps a name server that does not
 * answer from holding up everything behind it.
 */
#include <pthread.h>
#include <stdbool.h>

#include "../transport.h"

#define QUEUE 16
#define THREADS 2

typedef struct {
	void (*run)(void *context);
	void *context;
} job;

static struct {
	pthread_mutex_t mutex;
	job queue[QUEUE];
	size_t first, count, threads;
} worker = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void *worker_main(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&worker.mutex);
	while (worker.count > 0) {
		job next = worker.queue[worker.first];
		worker.first = (worker.first + 1) % QUEUE;
		worker.count--;
		pthread_mutex_unlock(&worker.mutex);
		next.run(next.context);
		pthread_mutex_lock(&worker.mutex);
	}
	worker.threads--;
	pthread_mutex_unlock(&worker.mutex);
	return NULL;
}

int port_worker_run(void (*run)(void *context), void *context)
{
	int result = -1;

	pthread_mutex_lock(&worker.mutex);
	if (worker.count < QUEUE) {
		pthread_t thread;
		if (worker.threads < THREADS && pthread_create(&thread, NULL, worker_main, NULL) == 0) {
			pthread_detach(thread);
			worker.threads++;
		}
		if (worker.threads > 0) {
			worker.queue[(worker.first + worker.count++) % QUEUE] =
				(job){.run = run, .context = context};
			result = 0;
		}
	}
	pthread_mutex_unlock(&worker.mutex);
	return result;
}
