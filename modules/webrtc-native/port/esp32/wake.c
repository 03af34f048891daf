/* IDF's eventfd: select() over sockets and it needs no second socket and no polling. */
#include "../common/wake.h"

#include <esp_err.h>
#include <esp_vfs_eventfd.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

/* The transport thread's, and one for each stream: old and new ones overlap in a reconnect. */
#define EVENTS_MAX 8

static int registered;

static void register_driver(void)
{
	const esp_vfs_eventfd_config_t config = {.max_fds = EVENTS_MAX};
	esp_err_t result = esp_vfs_eventfd_register(&config);

	/* Somebody else's will do, too. */
	registered = result == ESP_OK || result == ESP_ERR_INVALID_STATE;
}

int wake_open(wake_event *event)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_driver);
	if (!registered)
		return -1;
	event->reader = event->writer = eventfd(0, 0);
	return event->reader < 0 ? -1 : 0;
}

void wake_close(wake_event *event)
{
	close(event->reader);
}

void wake_signal(const wake_event *event)
{
	const uint64_t one = 1;

	(void)write(event->writer, &one, sizeof(one)); /* never full */
}

/* Its reads never block, and are of eight bytes exactly. */
void wake_drain(const wake_event *event)
{
	uint64_t count;

	(void)read(event->reader, &count, sizeof(count));
}
