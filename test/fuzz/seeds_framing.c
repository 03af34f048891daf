/* Seeds for fuzz_framing: streams of each kind, in one piece and cut. */
#include "seeds.h"

static void save(seed *out, const char *folder, const char *name, uint8_t kind,
				 const uint8_t *stream, size_t length, size_t piece)
{
	seed_append(out, &kind, 1);
	for (size_t at = 0; at < length; at += piece)
		seed_step(out, 0, stream + at, length - at < piece ? length - at : piece);
	seed_save(out, folder, name);
}

int main(int count, char **arguments)
{
	static const uint8_t tcp[] = {0, 3, 1, 2, 3, 0, 0, 0, 1, 9, 1, 0, 4, 4};
	static const uint8_t turn[] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1,    1, 1, 1, 1, 1,
								   1, 1, 1, 1, 1,    1,    0x40, 1,    0,    5, 1, 2, 3, 4,
								   5, 0, 0, 0, 0x4f, 0,    0,    0,    0x40, 2, 9, 9, 9};
	static seed out;

	REQUIRE(count == 2);
	save(&out, arguments[1], "tcp", 0, tcp, sizeof tcp, sizeof tcp);
	save(&out, arguments[1], "tcp-cut", 0, tcp, sizeof tcp, 3);
	save(&out, arguments[1], "turn", 1, turn, sizeof turn, sizeof turn);
	save(&out, arguments[1], "turn-cut", 1, turn, sizeof turn, 5);
	return 0;
}
