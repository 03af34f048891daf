#include "audio/jitter.h"
#include "bytes.h"
#include "seeds.h"

enum { PUT, GET, WAIT, NEXT }; /* fuzz_jitter.c's */

static void put(seed *out, uint16_t sequence, uint32_t timestamp, uint8_t duration, uint16_t length)
{
	uint8_t bytes[9];

	bytes_write16(bytes, sequence);
	bytes_write32(bytes + 2, timestamp);
	bytes[6] = duration;
	bytes_write16(bytes + 7, length);
	seed_step(out, PUT, bytes, sizeof bytes);
}

int main(int count, char **arguments)
{
	static seed out;
	static const uint8_t in_order[32] = {0}, gaps[] = {0, 1, 0, 0x11, 2, 0, 0x33, 15, 0, 0};

	REQUIRE(count == 2);
	/* a usual call, then silence */
	put(&out, 65530, 0, 7, 80);
	for (int i = 0; i < 8; i++) {
		seed_step(&out, NEXT, in_order, 4);
		seed_step(&out, GET, in_order, 3);
	}
	seed_step(&out, GET, in_order, 32);
	seed_save(&out, arguments[1], "call");

	/* loss and pauses */
	put(&out, 1, 0, 7, 1);
	seed_step(&out, NEXT, gaps, sizeof gaps);
	seed_step(&out, WAIT, "\2\0", 2);
	seed_step(&out, GET, in_order, 16);
	seed_save(&out, arguments[1], "gaps");

	/* the sender begins anew while packets wait */
	put(&out, 1, 0, 7, 80);
	put(&out, 2, 960, 7, 80);
	put(&out, 20000, 5, 7, 80);
	put(&out, 20001, 965, 7, 80);
	seed_step(&out, GET, in_order, 8);
	seed_save(&out, arguments[1], "restart");

	/* too much: long packets, then a burst, which must be caught up with */
	for (uint16_t i = 0; i < 8; i++)
		put(&out, i, 960u * i, 7, 1470);
	seed_step(&out, NEXT, in_order, 32);
	for (int i = 0; i < 4; i++) {
		seed_step(&out, NEXT, in_order, 20);
		seed_step(&out, GET, in_order, 20);
	}
	seed_save(&out, arguments[1], "flood");

	/* reordered at the start, twice, and late */
	put(&out, 10, 9600, 7, 80);
	put(&out, 8, 7680, 7, 80);
	put(&out, 8, 7680, 7, 80);
	seed_step(&out, WAIT, "\3\0", 2);
	seed_step(&out, GET, in_order, 4);
	put(&out, 9, 8640, 7, 80);
	seed_save(&out, arguments[1], "reordered");
	return 0;
}
