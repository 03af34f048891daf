/* lwIP's, with the length in each address and no more flags than it has. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t sa_family_t;
typedef uint32_t socklen_t;

struct sockaddr {
	uint8_t sa_len;
	sa_family_t sa_family;
	char sa_data[14];
};

struct sockaddr_storage {
	uint8_t s2_len;
	sa_family_t ss_family;
	char s2_data1[2];
	uint32_t s2_data2[3], s2_data3[3];
};

#define AF_UNSPEC 0
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOL_SOCKET 0xfff
#define SO_SNDBUF 0x1001
#define SO_ERROR 0x1007
#define MSG_NOSIGNAL 0x20
#define SHUT_WR 1

int socket(int domain, int type, int protocol);
int bind(int s, const struct sockaddr *name, socklen_t namelen);
int connect(int s, const struct sockaddr *name, socklen_t namelen);
int shutdown(int s, int how);
int getpeername(int s, struct sockaddr *name, socklen_t *namelen);
int getsockname(int s, struct sockaddr *name, socklen_t *namelen);
int getsockopt(int s, int level, int optname, void *optval, socklen_t *optlen);
int setsockopt(int s, int level, int optname, const void *optval, socklen_t optlen);
ssize_t send(int s, const void *data, size_t size, int flags);
ssize_t sendto(int s, const void *data, size_t size, int flags, const struct sockaddr *to,
			   socklen_t tolen);
ssize_t recv(int s, void *mem, size_t len, int flags);
ssize_t recvfrom(int s, void *mem, size_t len, int flags, struct sockaddr *from,
				 socklen_t *fromlen);
