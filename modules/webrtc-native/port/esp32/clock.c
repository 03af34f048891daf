/* Microseconds since the start: the clock of every `now` and `at`, which time of day does not move.
 */
#include "../transport.h"

#include <esp_timer.h>

uint64_t port_now(void)
{
	return (uint64_t)esp_timer_get_time();
}
