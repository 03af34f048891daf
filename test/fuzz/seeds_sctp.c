/* What one association says to another in a few scenes, as steps of fuzz_sctp. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "sctp/dcep.h"
#include "sctp/wire.h"

enum { STEP_CHUNKS, STEP_NEAR, STEP_INIT, STEP_COOKIE, STEP_TIME, STEP_OWNER };

typedef struct {
	sctp_association *association;
	dcep *channels;
	uint32_t tsn;
} side;

static side a, b; /* a speaks, b stands for the target */
static uint64_t now;
static FILE *file;
static uint32_t loss; /* every so manieth packet of a's is lost */
static uint32_t packets;

static void write_step(uint8_t kind, const uint8_t *bytes, size_t length)
{
	uint8_t head[3] = {kind};

	bytes_write16(head + 1, (uint32_t)length);
	fwrite(head, 1, 3, file);
	if (length > 0)
		fwrite(bytes, 1, length, file);
}

static void write_owner(uint8_t what, uint8_t number)
{
	write_step(STEP_OWNER, (const uint8_t[]){what, number}, 2);
}

static void note_initial(side *at, const uint8_t *packet)
{
	if (packet[12] == CHUNK_INIT || packet[12] == CHUNK_INIT_ACK)
		at->tsn = bytes_read32(packet + 28);
}

/* One packet of a's as steps. */
static void write_packet(const uint8_t *packet, size_t length)
{
	sctp_items items = {packet + PACKET_HEADER, packet + length};
	sctp_item chunk;
	bool malformed;

	while (sctp_next_chunk(&items, &chunk, &malformed)) {
		uint8_t bytes[1500];
		const uint8_t *start = chunk.value - CHUNK_HEADER;
		size_t size = chunk.length + CHUNK_HEADER;

		memcpy(bytes, start, size);
		if (chunk.type == CHUNK_INIT) {
			write_step(STEP_INIT, start + 20, size - 20);
		} else if (chunk.type == CHUNK_COOKIE_ECHO) {
			write_step(STEP_COOKIE, NULL, 0);
		} else if (chunk.type == CHUNK_DATA || chunk.type == CHUNK_FORWARD_TSN) {
			bytes_write32(bytes + 4, bytes_read32(bytes + 4) - a.tsn);
			write_step(STEP_NEAR, bytes, size);
		} else if (chunk.type == CHUNK_SACK || chunk.type == CHUNK_SHUTDOWN) {
			bytes_write32(bytes + 4, bytes_read32(bytes + 4) - b.tsn);
			write_step(STEP_NEAR, bytes, size);
		} else {
			write_step(STEP_CHUNKS, bytes, size);
		}
	}
}

static bool exchange(side *from, side *to)
{
	uint8_t packet[SCTP_PACKET_MAX];
	size_t length = association_poll_datagram(from->association, packet, now);
	dcep_event event;

	if (length == 0)
		return false;
	note_initial(from, packet);
	if (from == &a) {
		if (loss != 0 && ++packets % loss == 0)
			return true;
		write_packet(packet, length);
	}
	association_input(to->association, packet, length, now);
	while (dcep_poll_event(to->channels, &event, now))
		port_free(event.bytes);
	return true;
}

static void run(uint32_t milliseconds)
{
	for (uint64_t until = now + milliseconds * 1000u; now < until; now += 50000) {
		write_step(STEP_TIME, (const uint8_t[]){1}, 1);
		association_handle_timeout(a.association, now);
		association_handle_timeout(b.association, now);
		while (exchange(&a, &b) || exchange(&b, &a))
			;
	}
}

static void begin(const char *folder, const char *name, uint32_t every)
{
	const sctp_config config = {.send_buffer = 20000, .receive_buffer = 20000, .max_message = 5000};
	char path[500];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (file == NULL)
		exit(1);
	now = 1000000;
	loss = every;
	packets = 0;
	a.association = association_create(&config);
	b.association = association_create(&config);
	a.channels = dcep_create(a.association);
	b.channels = dcep_create(b.association);
	dcep_connect(a.channels, true, now);
	dcep_connect(b.channels, false, now);
	write_owner(5, 0);
}

static void end(void)
{
	dcep_free(a.channels);
	dcep_free(b.channels);
	association_free(a.association);
	association_free(b.association);
	fclose(file);
}

int main(int count, char **arguments)
{
	static const uint8_t bytes[6000];
	const dcep_options lossy = {
		.label = "_lossy", .unordered = true, .reliability = SCTP_MAX_RETRANSMITS};
	const dcep_options reliable = {.label = "_reliable"};

	if (count != 2)
		return 2;
	for (uint32_t every = 0; every <= 4; every += 2) {
		char name[40];

		snprintf(name, sizeof name, "open_and_send_%u", every);
		begin(arguments[1], name, every);
		int channel = dcep_open(a.channels, &reliable, now);

		run(200);
		dcep_send(a.channels, channel, bytes, 1500, false, now);
		dcep_send(a.channels, channel, bytes, 10, true, now);
		dcep_send(a.channels, channel, bytes, 0, true, now);
		dcep_send(a.channels, channel, bytes, 5001, false, now); /* over the cap */
		run(1000);
		dcep_close(a.channels, channel, now);
		run(500);
		end();

		snprintf(name, sizeof name, "lossy_%u", every);
		begin(arguments[1], name, every);
		channel = dcep_open(a.channels, &lossy, now);
		run(200);
		for (int i = 0; i < 8; i++) {
			dcep_send(a.channels, channel, bytes, 100, false, now);
			run(100);
		}
		end();

		snprintf(name, sizeof name, "answers_%u", every);
		begin(arguments[1], name, every);
		run(100);
		write_owner(0, 0);
		channel = dcep_open(b.channels, &reliable, now);
		run(300);
		write_owner(1, 200);
		dcep_send(b.channels, channel, bytes, 200 * 23, false, now);
		run(600);
		write_owner(3, 0);
		dcep_close(b.channels, channel, now);
		run(600);
		association_shutdown(a.association, now);
		run(600);
		end();
	}
	return 0;
}
