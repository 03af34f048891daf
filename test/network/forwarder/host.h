/* An end of the path: a network namespace with one interface, which is a TUN device of ours. */
#ifndef NETWORK_HOST_H
#define NETWORK_HOST_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint32_t address; /* host byte order */
	uint32_t router;  /* the source of what we say to it */
	int namespace_fd;
	int tun;    /* IP packets, whole, non-blocking */
	int socket; /* in the namespace, for its interface's settings */
} lab_host;

/*
 * A user namespace when we may not make network namespaces without one. Once, before host_open().
 * These two print what the kernel refuses to stderr, and give false.
 */
bool host_prepare(void);
bool host_open(lab_host *host, uint32_t address, uint32_t router);

/* Another address for its interface; connections from the old one are gone. */
bool host_set_address(lab_host *host, uint32_t address);

#endif
