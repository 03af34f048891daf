/* The module time (sdk/modules/base/time.ts): monotonic, as on a device. */

#include "host.h"

/** Milliseconds in 32 bits; they wrap after 24 days to negative numbers, as on a device. */
void xs_time_ticks(xsMachine *the)
{
	xsResult = xsInteger((xsIntegerValue)(uint32_t)(host_now() / 1000));
}

/** delta(start, end): their distance, right across the wrap. */
void xs_time_delta(xsMachine *the)
{
	uint32_t start = (uint32_t)xsToInteger(xsArg(0));
	uint32_t end = (uint32_t)xsToInteger(xsArg(1));
	xsResult = xsInteger((xsIntegerValue)(end - start));
}
