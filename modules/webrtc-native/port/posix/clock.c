/* The clock of every `now` and `at`: the one XS's Time.microseconds reads too. */
#include "../transport.h"

#include <time.h>

uint64_t port_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}
