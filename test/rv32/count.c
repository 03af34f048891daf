#include "count.h"

#include <string.h>

static struct {
	uint64_t spent[COUNT_OWNERS][COUNT_PARTS];
	uint64_t since;
	count_place place;
} counts;

/* minstret: what the processor has retired. */
static uint64_t instructions(void)
{
	uint32_t high, low, again;

	do {
		__asm__ volatile("csrr %0, minstreth" : "=r"(high));
		__asm__ volatile("csrr %0, minstret" : "=r"(low));
		__asm__ volatile("csrr %0, minstreth" : "=r"(again));
	} while (high != again);
	return (uint64_t)high << 32 | low;
}

/* What counting costs itself is nobody's. */
static count_place move(count_place to)
{
	count_place before = counts.place;

	counts.spent[before.owner][before.part] += instructions() - counts.since;
	counts.place = to;
	counts.since = instructions();
	return before;
}

count_place count_enter(count_part part)
{
	return move((count_place){counts.place.owner, (uint8_t)part});
}

count_place count_enter_as(int owner, count_part part)
{
	return move((count_place){(uint8_t)owner, (uint8_t)part});
}

void count_leave(count_place before)
{
	move(before);
}

void count_clear(void)
{
	move(counts.place);
	memset(counts.spent, 0, sizeof counts.spent);
	counts.since = instructions();
}

uint64_t count_of(int owner, count_part part)
{
	return counts.spent[owner][part];
}

const char *count_name(count_part part)
{
	static const char *const names[] = {"outside", "peer",   "ice",  "dtls", "srtp",
										"aes",     "hmac",   "sctp", "ring", "audio",
										"level",   "jitter", "opus", "echo", "identity"};
	_Static_assert(sizeof names / sizeof *names == COUNT_PARTS, "a name each");

	return names[part];
}
