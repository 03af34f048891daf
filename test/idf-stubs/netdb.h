/* lwIP's: no EAI_AGAIN, no gai_strerror(). */
#pragma once

#include <sys/socket.h>

#define EAI_NONAME 200
#define EAI_FAIL 202
#define EAI_MEMORY 203

struct addrinfo {
	int ai_flags, ai_family, ai_socktype, ai_protocol;
	socklen_t ai_addrlen;
	struct sockaddr *ai_addr;
	char *ai_canonname;
	struct addrinfo *ai_next;
};

int getaddrinfo(const char *nodename, const char *servname, const struct addrinfo *hints,
				struct addrinfo **res);
void freeaddrinfo(struct addrinfo *ai);
