#include "ice/stun.h"
#include "seeds.h"

enum { RAW, CHECK, ANSWER, REFUSAL, CANDIDATE, TIME }; /* fuzz_stun.c's */

/* What CANDIDATE's first byte means when it is not an address. */
#define CREDENTIALS "\xfe"
#define END_OF_CANDIDATES "\xff"

static void begin(seed *out, bool controlling)
{
	seed_append(out, controlling ? "\1" : "\0", 1);
}

static void repeat(seed *out, int times, uint8_t kind, const char *byte)
{
	for (int i = 0; i < times; i++)
		seed_step(out, kind, byte, 1);
}

static size_t message(uint8_t bytes[512], stun_class kind)
{
	static const uint8_t id[STUN_ID] = "transaction";
	static const uint16_t unknown[] = {0x7001, 0x7002};
	stun_writer writer;

	stun_begin(&writer, bytes, 512, kind, STUN_BINDING, id);
	if (kind == STUN_REQUEST) {
		stun_put_bytes(&writer, STUN_USERNAME, "a:b", 3);
		stun_put_u32(&writer, STUN_PRIORITY, 1);
		stun_put_u64(&writer, STUN_ICE_CONTROLLED, 2);
	} else if (kind == STUN_SUCCESS) {
		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS,
							 &(net_address){6, {0x20, 0x01, [15] = 9}, 4444});
		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS,
							 &(net_address){4, {192, 0, 2, 1}, 4444});
		stun_put_bytes(&writer, STUN_SOFTWARE, "software", 8);
	} else {
		stun_put_error(&writer, 420, "Unknown Attribute");
		stun_put_unknown(&writer, unknown, 2);
		stun_put_bytes(&writer, STUN_REALM, "realm", 5);
		stun_put_bytes(&writer, STUN_NONCE, "nonce", 5);
	}
	return stun_end(&writer, (const uint8_t *)"key", 3);
}

int main(int count, char **arguments)
{
	static const char controlling[] = "\x80\x2a\0\x08\xff\xff\xff\xff\xff\xff\xff\xff";
	static const char controlled[] = "\x80\x29\0\x08\0\0\0\0\0\0\0\0";
	static const char nominate[] = "\0\x25\0\0\x80\x2a\0\x08\xff\xff\xff\xff\xff\xff\xff\xff";
	static seed out;
	uint8_t bytes[512];

	REQUIRE(count == 2);
	begin(&out, true);
	seed_step(&out, RAW, bytes, message(bytes, STUN_REQUEST));
	seed_step(&out, RAW, bytes, message(bytes, STUN_SUCCESS));
	seed_step(&out, RAW, bytes, message(bytes, STUN_ERROR));
	seed_save(&out, arguments[1], "messages");

	begin(&out, false);
	repeat(&out, 1, CANDIDATE, CREDENTIALS);
	repeat(&out, 1, CANDIDATE, "\0");
	repeat(&out, 1, TIME, "\1");
	repeat(&out, 1, ANSWER, "\0");
	seed_step(&out, CHECK, nominate, sizeof nominate - 1);
	repeat(&out, 1, TIME, "\x80");
	seed_save(&out, arguments[1], "connect_controlled");

	begin(&out, true);
	repeat(&out, 1, CANDIDATE, CREDENTIALS);
	repeat(&out, 1, CANDIDATE, "\0");
	for (int i = 0; i < 2; i++) {
		repeat(&out, 1, TIME, "\1");
		repeat(&out, 1, ANSWER, "\0");
	}
	repeat(&out, 4, TIME, "\xff");
	seed_save(&out, arguments[1], "connect_controlling");

	begin(&out, true);
	repeat(&out, 1, CANDIDATE, CREDENTIALS);
	repeat(&out, 1, CANDIDATE, "\0");
	seed_step(&out, CHECK, controlling, sizeof controlling - 1);
	repeat(&out, 1, REFUSAL, "\1");
	seed_save(&out, arguments[1], "conflict");

	begin(&out, true);
	seed_step(&out, CHECK, controlled, sizeof controlled - 1);
	repeat(&out, 1, CANDIDATE, "\0");
	repeat(&out, 1, CANDIDATE, CREDENTIALS);
	repeat(&out, 1, TIME, "\1");
	repeat(&out, 1, ANSWER, "\0");
	seed_save(&out, arguments[1], "early_check");

	begin(&out, true);
	repeat(&out, 1, CANDIDATE, CREDENTIALS);
	seed_step(&out, CHECK, "\x70\1\0\4\0\0\0\0", 8);
	repeat(&out, 1, CANDIDATE, END_OF_CANDIDATES);
	seed_save(&out, arguments[1], "unknown");

	begin(&out, true);
	for (int i = 0; i < 20; i++)
		repeat(&out, 1, CANDIDATE, (const char[]){(char)(5 * i)});
	repeat(&out, 1, CANDIDATE, CREDENTIALS);
	repeat(&out, 40, TIME, "\1");
	seed_save(&out, arguments[1], "many");
	return 0;
}
