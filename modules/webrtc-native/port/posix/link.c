/* News of addresses: Linux tells through a netlink socket; elsewhere there are none. */
#include "../common/platform.h"

#ifdef __linux__

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/loop.h"

static loop_client client;
static int handle = -1;

/* What the messages say does not matter: the addresses are looked at anew. */
static void run(loop_client *self, uint64_t now)
{
	uint8_t message[4096];
	bool news = false;

	(void)self, (void)now;
	for (;;) {
		ssize_t length = recv(handle, message, sizeof(message), MSG_DONTWAIT);
		if (length < 0 && errno != ENOBUFS && errno != EINTR) /* ENOBUFS: some were lost */
			break;
		news = true;
	}
	if (news)
		link_look();
}

bool platform_link_watch(void)
{
	const struct sockaddr_nl local = {.nl_family = AF_NETLINK,
									  .nl_groups =
										  RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};

	handle = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (handle < 0)
		return false;
	client = (loop_client){.run = run};
	if (bind(handle, (const struct sockaddr *)&local, sizeof(local)) == 0 &&
		loop_add(&client) == 0) {
		if (loop_watch(&client, handle, POLLIN) >= 0)
			return true;
		loop_remove(&client);
	}
	close(handle);
	handle = -1;
	return false;
}

void platform_link_unwatch(void)
{
	loop_remove(&client);
	close(handle);
	handle = -1;
}

#else

bool platform_link_watch(void)
{
	return true; /* only port_link_pretend() has news */
}

void platform_link_unwatch(void)
{
}

#endif
