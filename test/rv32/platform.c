/* The port of a machine that has nothing but memory and a simulated wire. */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "crypto/tls.h"
#include "port.h"

#include "../../modules/webrtc-native/port/common/heap.h"

void *platform_memory(size_t size, port_place place)
{
	(void)place;
	return calloc(1, size);
}

void platform_memory_free(void *memory)
{
	free(memory);
}

/* FOR THIS TEST ONLY: the same bytes in each run, so that runs can be compared. splitmix64. */
int port_entropy(uint8_t *out, size_t length)
{
	static uint64_t state = 0x6c6976656b6974;

	while (length > 0) {
		uint64_t word = (state += UINT64_C(0x9e3779b97f4a7c15));
		word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
		word ^= word >> 31;
		size_t size = length < sizeof word ? length : sizeof word;
		memcpy(out, &word, size);
		out += size;
		length -= size;
	}
	return 0;
}

/* Certificates of ours never expire, and so any day will do for mbedTLS. */
time_t time(time_t *out)
{
	time_t day = 1800000000;

	if (out)
		*out = day;
	return day;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	(void)zone;
	*out = (struct timeval){.tv_sec = time(NULL)};
	return 0;
}

uint8_t *port_system_roots(size_t *length)
{
	*length = 0;
	return NULL;
}
