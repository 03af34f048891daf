#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/poll.h>

#include "../transport.h"
#include "platform.h"
#include "wake.h"

typedef enum { STOPPED, RUNNING, ENDING } loop_state;

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* `busy` or `state` */
	loop_state state;
	pthread_t thread;
	wake_event wake;
	loop_client *clients;
	loop_client *busy; /* its callback runs now */
	uint32_t serial;
	size_t sockets;
} loop = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Which client's which socket a pollfd stands for. */
typedef struct {
	uint32_t serial;
	uint8_t index;
} poll_owner;

static bool on_loop_thread(void)
{
	return loop.state != STOPPED && pthread_equal(loop.thread, pthread_self());
}

static loop_client *find(uint32_t serial)
{
	for (loop_client *client = loop.clients; client; client = client->next)
		if (client->serial == serial)
			return client;
	return NULL;
}

/* Fills the poll set; returns its size, and the milliseconds to sleep (-1: for ever). */
static nfds_t prepare(struct pollfd *set, poll_owner *owners, int *timeout)
{
	uint64_t due = LOOP_NEVER;
	nfds_t count = 1;

	set[0] = (struct pollfd){.fd = loop.wake.reader, .events = POLLIN};
	for (loop_client *client = loop.clients; client; client = client->next) {
		if (client->due < due)
			due = client->due;
		for (size_t i = 0; i < client->count; i++) {
			/* Not even errors are wanted of a socket without events: they would spin the loop. */
			if (!client->events[i])
				continue;
			set[count] = (struct pollfd){.fd = client->sockets[i], .events = client->events[i]};
			owners[count++] = (poll_owner){.serial = client->serial, .index = (uint8_t)i};
		}
	}

	uint64_t now = port_now();
	*timeout = -1;
	if (due <= now)
		*timeout = 0;
	else if (due != LOOP_NEVER) {
		uint64_t wait = (due - now + 999) / 1000;
		*timeout = wait > 3600000 ? 3600000 : (int)wait;
	}
	return count;
}

static void mark_ready(const struct pollfd *set, const poll_owner *owners, nfds_t count,
					   uint64_t now)
{
	for (nfds_t i = 1; i < count; i++) {
		loop_client *client = set[i].revents ? find(owners[i].serial) : NULL;
		if (client) {
			client->revents[owners[i].index] = set[i].revents;
			client->ready = true;
		}
	}
	for (loop_client *client = loop.clients; client; client = client->next)
		if (client->due <= now || atomic_load(&client->woken))
			client->ready = true;
}

static loop_client *next_ready(void)
{
	for (loop_client *client = loop.clients; client; client = client->next)
		if (client->ready)
			return client;
	return NULL;
}

static void run_ready(uint64_t now)
{
	loop_client *client;

	while ((client = next_ready()) != NULL) {
		uint32_t serial = client->serial;
		client->ready = false;
		atomic_store(&client->woken, false);
		loop.busy = client;
		pthread_mutex_unlock(&loop.mutex);
		client->run(client, now);
		pthread_mutex_lock(&loop.mutex);
		/* The callback may have removed and freed its client. */
		if (find(serial) == client)
			memset(client->revents, 0, sizeof(client->revents));
		loop.busy = NULL;
		pthread_cond_broadcast(&loop.changed);
	}
}

static void *loop_main(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&loop.mutex);
	while (loop.clients) {
		struct pollfd set[1 + LOOP_POLL_MAX];
		poll_owner owners[1 + LOOP_POLL_MAX];
		int timeout;
		nfds_t count = prepare(set, owners, &timeout);

		pthread_mutex_unlock(&loop.mutex);
		int result = poll(set, count, timeout);
		pthread_mutex_lock(&loop.mutex);

		if (result < 0) /* EINTR, or a socket closed under us: its owner has woken us */
			count = 0;
		wake_drain(&loop.wake);
		uint64_t now = port_now();
		mark_ready(set, owners, count, now);
		run_ready(now);
	}
	wake_close(&loop.wake);
	loop.state = STOPPED;
	pthread_cond_broadcast(&loop.changed);
	pthread_mutex_unlock(&loop.mutex);
	return NULL;
}

/* With the lock held. */
static int start(void)
{
	while (loop.state == ENDING)
		pthread_cond_wait(&loop.changed, &loop.mutex);
	if (loop.state == RUNNING)
		return 0;
	if (wake_open(&loop.wake) != 0)
		return -1;
	if (platform_thread(PORT_TASK_TRANSPORT, &loop.thread, loop_main, NULL) != 0) {
		wake_close(&loop.wake);
		return -1;
	}
	/* Nobody joins: whoever waits for the end waits for STOPPED. */
	pthread_detach(loop.thread);
	loop.state = RUNNING;
	return 0;
}

int loop_add(loop_client *client)
{
	pthread_mutex_lock(&loop.mutex);
	int result = start();
	if (result == 0) {
		client->count = 0;
		client->due = LOOP_NEVER;
		atomic_store(&client->woken, false);
		client->ready = false;
		memset(client->revents, 0, sizeof(client->revents));
		client->serial = ++loop.serial;
		client->next = loop.clients;
		loop.clients = client;
	}
	pthread_mutex_unlock(&loop.mutex);
	return result;
}

void loop_remove(loop_client *client)
{
	pthread_mutex_lock(&loop.mutex);
	for (loop_client **at = &loop.clients; *at; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			break;
		}
	loop.sockets -= client->count;
	if (!loop.clients)
		loop.state = ENDING;
	if (!on_loop_thread()) {
		wake_signal(&loop.wake);
		while (loop.busy == client)
			pthread_cond_wait(&loop.changed, &loop.mutex);
		while (loop.state == ENDING)
			pthread_cond_wait(&loop.changed, &loop.mutex);
	}
	pthread_mutex_unlock(&loop.mutex);
}

/* With the lock held: what poll() waits for has changed. */
static void refresh(void)
{
	if (loop.state == RUNNING && !on_loop_thread())
		wake_signal(&loop.wake);
}

int loop_watch(loop_client *client, int socket, short events)
{
	size_t index = 0;

	pthread_mutex_lock(&loop.mutex);
	while (index < client->count && client->sockets[index] >= 0)
		index++;
	bool room = index < LOOP_SOCKETS && (index < client->count || loop.sockets < LOOP_POLL_MAX);
	if (room) {
		if (index == client->count) {
			client->count++;
			loop.sockets++;
		}
		client->sockets[index] = socket;
		client->events[index] = events;
		client->revents[index] = 0;
		refresh();
	}
	pthread_mutex_unlock(&loop.mutex);
	return room ? (int)index : -1;
}

void loop_unwatch(loop_client *client, size_t index)
{
	pthread_mutex_lock(&loop.mutex);
	client->sockets[index] = -1;
	client->events[index] = client->revents[index] = 0;
	refresh();
	pthread_mutex_unlock(&loop.mutex);
}

void loop_set_events(loop_client *client, size_t index, short events)
{
	pthread_mutex_lock(&loop.mutex);
	if (client->events[index] != events) {
		client->events[index] = events;
		refresh();
	}
	pthread_mutex_unlock(&loop.mutex);
}

void loop_set_due(loop_client *client, uint64_t due)
{
	pthread_mutex_lock(&loop.mutex);
	if (client->due != due) {
		bool sooner = due < client->due;
		client->due = due;
		if (sooner)
			refresh();
	}
	pthread_mutex_unlock(&loop.mutex);
}

void loop_wake(loop_client *client)
{
	if (!atomic_exchange(&client->woken, true))
		wake_signal(&loop.wake);
}
