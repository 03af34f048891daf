#pragma once

#define POLLIN (1u << 0)
#define POLLOUT (1u << 3)

struct pollfd {
	int fd;
	short events, revents;
};

typedef unsigned int nfds_t;

int poll(struct pollfd *fds, nfds_t nfds, int timeout);
