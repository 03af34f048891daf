/* Records handshakes: what one end was sent, as steps of fuzz_dtls.c. */
#include "bytes.h"
#include "dtls_ends.h"
#include "seeds.h"

enum { DATAGRAM, START, TIME, SEND, CLOSE }; /* fuzz_dtls.c's */

#define NOW 1000000
#define HEADERS 25 /* of a record and a handshake message, see core/dtls/hello.c */
#define FLIGHT 64

typedef struct {
	struct {
		size_t length;
		uint8_t bytes[2048];
	} datagrams[FLIGHT];
	size_t count;
} flight;

static void on_send(void *context, const uint8_t *datagram, size_t length)
{
	flight *to = context;

	REQUIRE(to->count < FLIGHT && length <= sizeof to->datagrams[0].bytes);
	memcpy(to->datagrams[to->count].bytes, datagram, length);
	to->datagrams[to->count++].length = length;
}

static void on_receive(void *context, const uint8_t *bytes, size_t length)
{
	(void)context, (void)bytes, (void)length;
}

static void start(dtls_end *end)
{
	fuzz_entropy(end->entropy);
	dtls_start(end->dtls, NOW);
	end->entropy = fuzz_entropy(0);
}

static void deliver(dtls_end *end, flight *arrived)
{
	static flight now;

	now = *arrived;
	arrived->count = 0;
	fuzz_entropy(end->entropy);
	for (size_t i = 0; i < now.count; i++)
		dtls_input(end->dtls, now.datagrams[i].bytes, now.datagrams[i].length, NOW);
	end->entropy = fuzz_entropy(0);
}

static void record(seed *out, const flight *arriving)
{
	for (size_t i = 0; i < arriving->count; i++)
		seed_step(out, DATAGRAM, arriving->datagrams[i].bytes, arriving->datagrams[i].length);
}

/* A whole call as `role` sees it. */
static void record_call(seed *out, int role)
{
	static flight to[2];
	dtls_end ends[2];

	for (int i = CLIENT; i <= SERVER; i++) {
		to[i].count = 0;
		ends[i] = (dtls_end){.send = on_send, .receive = on_receive, .context = &to[!i]};
		dtls_end_open(&ends[i], i, NOW);
	}
	seed_append(out, role == CLIENT ? "\1" : "\0", 1);
	seed_step(out, START, NULL, 0);
	start(&ends[CLIENT]);
	start(&ends[SERVER]);
	for (int turn = SERVER; to[turn].count > 0; turn = !turn) {
		if (turn == role)
			record(out, &to[turn]);
		deliver(&ends[turn], &to[turn]);
	}
	for (int i = CLIENT; i <= SERVER; i++)
		REQUIRE(dtls_get_state(ends[i].dtls) == DTLS_CONNECTED);

	seed_step(out, SEND, "mine", 4);
	REQUIRE(dtls_send(ends[!role].dtls, (const uint8_t *)"yours", 5, NOW) == 0);
	dtls_close(ends[!role].dtls, NOW);
	record(out, &to[role]);
	for (int i = CLIENT; i <= SERVER; i++)
		dtls_free(ends[i].dtls);
}

static size_t client_hello(uint8_t out[2048])
{
	static flight to_server;
	dtls_end client = {.send = on_send, .receive = on_receive, .context = &to_server};

	to_server.count = 0;
	dtls_end_open(&client, CLIENT, NOW);
	start(&client);
	REQUIRE(to_server.count == 1);
	memcpy(out, to_server.datagrams[0].bytes, to_server.datagrams[0].length);
	dtls_free(client.dtls);
	return to_server.datagrams[0].length;
}

/* Bytes [offset, offset + size) of the hello's body as a record of their own. */
static void fragment(seed *out, const uint8_t *hello, size_t offset, size_t size)
{
	uint8_t bytes[2048];

	memcpy(bytes, hello, HEADERS);
	bytes_write16(bytes + 11, (uint32_t)(12 + size));
	bytes_write24(bytes + 19, (uint32_t)offset);
	bytes_write24(bytes + 22, (uint32_t)size);
	memcpy(bytes + HEADERS, hello + HEADERS + offset, size);
	seed_step(out, DATAGRAM, bytes, HEADERS + size);
}

int main(int count, char **arguments)
{
	static seed out;
	uint8_t hello[2048];

	REQUIRE(count == 2);
	record_call(&out, SERVER);
	seed_save(&out, arguments[1], "server");
	record_call(&out, CLIENT);
	seed_save(&out, arguments[1], "client");

	size_t length = client_hello(hello), body = length - HEADERS;
	seed_append(&out, "\0", 1);
	seed_step(&out, DATAGRAM, hello, length);
	seed_step(&out, START, NULL, 0);
	for (int i = 0; i < 4; i++)
		seed_step(&out, TIME, "\x0a", 1);
	seed_save(&out, arguments[1], "early_hello");

	seed_append(&out, "\0", 1);
	seed_step(&out, START, NULL, 0);
	fragment(&out, hello, 0, 60);
	fragment(&out, hello, 40, 60); /* overlaps */
	fragment(&out, hello, 100, body - 100);
	seed_save(&out, arguments[1], "fragments");

	seed_append(&out, "\0", 1);
	seed_step(&out, START, NULL, 0);
	seed_step(&out, TIME, "\xff", 1);
	seed_step(&out, TIME, "\xff", 1);
	seed_save(&out, arguments[1], "timeout");
	return 0;
}
