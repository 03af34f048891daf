/* Seeds for fuzz_turn: an allocation that is made, used, refreshed and given back, and some that
 * fail. */
#include "seeds.h"

enum { RAW, SUCCESS, REFUSAL, CHALLENGE, INDICATION, CHANNEL, SEND, TIME, CLOSE };

static void begin(seed *out, uint8_t reliable)
{
	seed_append(out, &reliable, 1);
}

static void allocate(seed *out)
{
	seed_step(out, CHALLENGE, "nonce", 5);
	seed_step(out, SUCCESS, "\74", 1);
}

static void exchange(seed *out)
{
	/* XOR-PEER-ADDRESS of peer(2), and DATA. */
	static const uint8_t data[] = {0,    0x12, 0, 8,    0, 1, 0x3f, 0xd8, 0xea, 0x12,
								   0xd5, 0x40, 0, 0x13, 0, 4, 1,    2,    3,    4};

	seed_step(out, SEND, "\2check", 6); /* a permission */
	seed_step(out, SUCCESS, "", 0);
	seed_step(out, SEND, "\22media", 6);
	seed_step(out, SEND, "\202media", 6); /* a channel */
	seed_step(out, SUCCESS, "", 0);
	seed_step(out, SEND, "\202media", 6);
	seed_step(out, CHANNEL, "\100\0\0\3abc", 7);
	seed_step(out, INDICATION, data, sizeof data);
}

int main(int count, char **arguments)
{
	static const uint8_t binding[] = {1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42, 0,    0,   0,
									  0, 0, 0, 0,  0,    0,    0,    0,    0,    0,   0x20,
									  0, 8, 0, 1,  0x8d, 0x52, 0xe7, 0x71, 0xc0, 0x45};
	static seed out;

	REQUIRE(count == 2);
	const char *folder = arguments[1];

	for (uint8_t reliable = 0; reliable < 2; reliable++) {
		begin(&out, reliable);
		allocate(&out);
		exchange(&out);
		seed_step(&out, TIME, "\120", 1);
		seed_step(&out, SUCCESS, "", 0);
		seed_step(&out, CHALLENGE, "\1other", 6);
		seed_step(&out, SUCCESS, "", 0);
		seed_step(&out, CLOSE, "", 0);
		seed_save(&out, folder, reliable ? "whole-tcp" : "whole-udp");
	}
	begin(&out, 0);
	seed_step(&out, CHALLENGE, "nonce", 5);
	seed_step(&out, REFUSAL, "\6", 1);
	seed_save(&out, folder, "refused");
	/* Error 300 with ALTERNATE-SERVER, before and behind the password. */
	static const uint8_t alternate[] = {0x80, 0x23, 0, 8, 0, 1, 0x0d, 0x96, 192, 0, 2, 2};
	for (int known = 0; known < 2; known++) {
		begin(&out, 0);
		if (known)
			seed_step(&out, CHALLENGE, "nonce", 5);
		seed_step(&out, REFUSAL, alternate, sizeof alternate);
		seed_save(&out, folder, known ? "another-server" : "another-server-at-once");
	}
	begin(&out, 0);
	seed_step(&out, CHALLENGE, "nonce", 5);
	seed_step(&out, REFUSAL, "\7", 1); /* no IPv4 */
	seed_step(&out, SUCCESS, "\74", 1);
	seed_save(&out, folder, "ipv6");
	begin(&out, 0);
	for (int i = 0; i < 8; i++)
		seed_step(&out, TIME, "\5", 1);
	seed_save(&out, folder, "no-answer");
	begin(&out, 0);
	seed_step(&out, RAW, binding, sizeof binding);
	seed_save(&out, folder, "binding");
	begin(&out, 0);
	allocate(&out);
	seed_step(&out, SEND, "\2", 1);
	seed_step(&out, REFUSAL, "\3", 1);
	seed_step(&out, SEND, "\2", 1);
	seed_save(&out, folder, "forbidden");
	return 0;
}
