#include "audio/codec.h"
#include "bytes.h"
#include "seeds.h"

enum { ARRIVE, NEXT, PLAY, VOLUME }; /* fuzz_downlink.c's */

#define FRAME 320 /* samples in 20 ms at 16 kHz */

/* A buzz and a hiss: something for each of Opus's coders. */
static void make_sound(int16_t samples[FRAME], uint32_t frame)
{
	static uint32_t noise = 1;

	for (uint32_t i = 0; i < FRAME; i++) {
		noise = noise * 1664525 + 1013904223;
		samples[i] = (int16_t)((frame * FRAME + i) % 160 * 100 + (noise >> 22));
	}
}

static void call(seed *out, const char *folder, const char *name, audio_encoder_options options,
				 uint8_t rate)
{
	audio_encoder *encoder = audio_encoder_create(&options);
	uint8_t packet[6 + AUDIO_PACKET_MAX] = {0xff, 0xf0};
	int16_t samples[FRAME] = {0};

	REQUIRE(encoder != NULL);
	seed_append(out, &rate, 1);
	for (uint32_t i = 0; i < 16; i++) {
		if (i < 8)
			make_sound(samples, i);
		else
			memset(samples, 0, sizeof samples);
		int length = audio_encode(encoder, samples, packet + 6, AUDIO_PACKET_MAX);
		REQUIRE(length > 0);
		if (i == 0)
			seed_step(out, ARRIVE, packet, 6 + (size_t)length);
		else if (i != 5)
			seed_step(out, NEXT, packet + 6, (size_t)length);
		if (i > 2)
			seed_step(out, PLAY, "\0", 1);
	}
	seed_step(out, VOLUME, "ab", 2);
	seed_step(out, PLAY, "\x1f", 1);
	seed_save(out, folder, name);
	audio_encoder_free(encoder);
}

/* Twenty packets at once, then on time: what waits too long is played away. */
static void burst(seed *out, const char *folder)
{
	const audio_encoder_options options = {.sample_rate = 16000, .channels = 1, .bitrate = 12000};
	audio_encoder *encoder = audio_encoder_create(&options);
	uint8_t packet[AUDIO_PACKET_MAX];
	int16_t samples[FRAME];

	REQUIRE(encoder != NULL);
	seed_append(out, "\0", 1);
	for (uint32_t i = 0; i < 90; i++) {
		make_sound(samples, i);
		int length = audio_encode(encoder, samples, packet, sizeof packet);
		REQUIRE(length > 0);
		seed_step(out, NEXT, packet, (size_t)length);
		if (i >= 20)
			seed_step(out, PLAY, "\0", 1);
	}
	seed_save(out, folder, "burst");
	audio_encoder_free(encoder);
}

int main(int count, char **arguments)
{
	static seed out;
	audio_encoder_options options = {.sample_rate = 16000, .channels = 1, .bitrate = 24000};

	REQUIRE(count == 2);
	call(&out, arguments[1], "celt_16k", options, 0);
	options.complexity = 1;
	options.fec = true;
	options.expected_loss = 20;
	call(&out, arguments[1], "silk_fec_24k", options, 1);
	options.bitrate = 12000;
	options.dtx = true;
	call(&out, arguments[1], "dtx_48k", options, 2);

	burst(&out, arguments[1]);

	/* 120 ms in one packet (RFC 6716 section 3.2.5), and one that lies about its frames */
	seed_append(&out, "\0", 1);
	seed_step(&out, ARRIVE, "\0\1\0\0\0\0\x0b\x06\0\0\0\0\0\0", 14);
	seed_step(&out, NEXT, "\x0b\x3f\0", 3);
	seed_step(&out, NEXT, "\xfb\xc2\xff\xff\0", 5);
	seed_step(&out, PLAY, "\x0f", 1);
	seed_save(&out, arguments[1], "odd");
	return 0;
}
