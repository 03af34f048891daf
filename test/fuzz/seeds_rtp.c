#include "rtp/rtp.h"
#include "seeds.h"

/* The kind with which fuzz_rtp.c negotiates these. */
static const rtp_extensions extensions = {.audio_level = 1, .mid = 4};
#define KIND 0x41

static void add(seed *out, const rtp_packet *packet)
{
	uint8_t bytes[1472];

	seed_step(out, KIND, bytes, rtp_write(packet, &extensions, bytes, sizeof bytes));
}

/* CSRCs, a two-byte extension and padding, which rtp_write() does not make (RFC 8285 section 4.3).
 */
static const uint8_t foreign[] = {
	0xb2, 111,  0, 7, 0, 0, 3,   0xc0, 0x11, 0x22, 0x33, 0x44, /* P, X, 2 CSRCs */
	1,    2,    3, 4, 5, 6, 7,   8,                            /* CSRCs */
	0x10, 0,    0, 3,                                          /* two-byte form, 3 words */
	1,    1,    0, 0, 4, 2, 'm', '1',  9,    0,    0,    0,    /* level, padding, MID, unknown */
	0xfc, 0xff, 0, 0, 3,                                       /* payload and padding */
};

int main(int count, char **arguments)
{
	static seed out;
	rtp_packet packet = {
		.payload_type = 111,
		.ssrc = 0x11223344,
		.payload = (const uint8_t *)"opus",
		.payload_length = 4,
	};

	REQUIRE(count == 2);
	add(&out, &packet);
	seed_save(&out, arguments[1], "plain");

	packet.has_level = packet.marker = packet.voice = true;
	packet.level = 30;
	packet.mid = "audio0";
	packet.mid_length = 6;
	add(&out, &packet);
	seed_save(&out, arguments[1], "extensions");

	/* in order, reordered, again, after a gap, around the wrap, and a sender that began anew */
	static const uint16_t sequences[] = {65530, 65531, 65533, 65532, 65533, 2, 3, 9000, 9001, 9002};
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		packet.sequence = sequences[i];
		packet.timestamp = (uint32_t)(960 * i);
		add(&out, &packet);
	}
	seed_save(&out, arguments[1], "stream");

	packet.payload_length = 0;
	add(&out, &packet);
	seed_step(&out, KIND, foreign, sizeof foreign);
	seed_save(&out, arguments[1], "foreign");
	return 0;
}
