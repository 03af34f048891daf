/* lwIP's: no gai_strerror(). EAI_AGAIN is IDF's, in its <sys/errno.h>; lwIP never answers it. */
#pragma once

#include <sys/socket.h>

#define EAI_AGAIN 2
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
