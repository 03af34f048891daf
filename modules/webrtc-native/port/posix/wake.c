#include "../common/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>

int wake_open(wake_event *event)
{
	event->reader = event->writer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return event->reader < 0 ? -1 : 0;
}
#else
int wake_open(wake_event *event)
{
	int ends[2];

	if (pipe(ends) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	event->reader = ends[0];
	event->writer = ends[1];
	return 0;
}
#endif

void wake_close(wake_event *event)
{
	if (event->writer != event->reader)
		close(event->writer);
	close(event->reader);
}

void wake_signal(const wake_event *event)
{
	static const uint64_t one = 1;

	/* A full pipe is as readable as one gets. */
	while (write(event->writer, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void wake_drain(const wake_event *event)
{
	uint8_t bytes[64];

	while (read(event->reader, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		;
}
