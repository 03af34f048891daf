/*
 * Fuzzes a fresh DTLS transport with datagrams: mostly a server, whose first flight anybody can
 * send; a client when the first byte is odd. The seeds are whole handshakes, which go through.
 */
#include "dtls_ends.h"

enum { DATAGRAM, START, TIME, SEND, CLOSE, KINDS };

#define DATAGRAM_MAX 1500 /* what our transport may send, and a little more */

typedef struct {
	dtls_end end;
	uint64_t now;
	uint32_t datagrams, sent;
} target;

static void on_send(void *context, const uint8_t *datagram, size_t length)
{
	target *at = context;

	(void)datagram;
	REQUIRE(length > 0 && length <= DATAGRAM_MAX);
	at->sent++;
}

static void on_receive(void *context, const uint8_t *bytes, size_t length)
{
	const target *at = context;

	(void)bytes;
	REQUIRE(length > 0 && length <= DATAGRAM_MAX);
	REQUIRE(dtls_get_state(at->end.dtls) == DTLS_CONNECTED);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;
	dtls_transport *dtls = at->end.dtls;
	dtls_srtp_keys keys;

	switch (kind % KINDS) {
	case DATAGRAM:
		dtls_input(dtls, bytes, length, at->now);
		at->datagrams++;
		break;
	case START:
		dtls_start(dtls, at->now);
		break;
	case TIME:
		at->now += length > 0 ? bytes[0] * UINT64_C(40000) : 0;
		dtls_handle_timeout(dtls, at->now);
		break;
	case SEND:
		REQUIRE(dtls_send(dtls, bytes, length, at->now) != 0 ||
				dtls_get_state(dtls) == DTLS_CONNECTED);
		break;
	case CLOSE:
		dtls_close(dtls, at->now);
		break;
	}
	dtls_state state = dtls_get_state(dtls);
	REQUIRE((state == DTLS_FAILED) == (dtls_error(dtls)[0] != 0));
	REQUIRE((dtls_get_srtp_keys(dtls, &keys) == 0) == (state == DTLS_CONNECTED));
	REQUIRE(state == DTLS_CONNECTING || state == DTLS_CONNECTED ||
			dtls_timeout(dtls) == UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target at = {.now = 1000000, .end = {.send = on_send, .receive = on_receive}};
	dtls_stats stats;

	if (size == 0)
		return 0;
	at.end.context = &at;
	dtls_end_open(&at.end, data[0] & 1 ? CLIENT : SERVER, at.now);
	fuzz_entropy(at.end.entropy);
	fuzz_steps(data + 1, size - 1, step, &at);
	dtls_get_stats(at.end.dtls, &stats);
	REQUIRE(stats.datagrams_in == at.datagrams && stats.datagrams_out == at.sent);
	dtls_free(at.end.dtls);
	return 0;
}
