/*
 * Two peers in one image: they find each other by ICE over a simulated wire, shake hands with DTLS,
 * exchange messages over SCTP and sound over SRTP. What that took is printed, a JSON object a line.
 */
#include "call.h"

#include "check.h"
#include "count.h"
#include "hooks.h"
#include "peer_world.h"
#include "profile.h"
#include "stacks.h"

#define WIRE_DELAY (10 * MS)
#define BUFFER 16384
#define MESSAGE_MAX 15000
#define MESSAGES 40
#define TONE_FRAMES 75
#define SPEECH_FRAMES 150 /* the measured call: 3 s */
/* Bytes: the task's frames below, the system's, the sockets to wait for; Xtensa's are larger. */
#define STACK_OF_PORT 2048
#define PERIOD 400 /* samples after which 440 Hz and 1 kHz are where they began */

/* `a` is the device: it offers, is ICE-controlling and the DTLS server. `b` is its peer. */
static const char *const names[COUNT_OWNERS] = {"nobody", "device", "remote"};

typedef struct {
	side *end;
	int owner;
	audio_uplink *uplink;
	audio_downlink *downlink;
	uint32_t frames;
	int channel;
	uint32_t open, sent, received;
	double real[2], imaginary[2], power; /* of what is heard: 440 Hz and 1 kHz */
	uint32_t heard;
} party;

static party device = {.end = &world.a, .owner = 1}, remote = {.end = &world.b, .owner = 2};

/* ---- Sound ---- */

static int16_t tone[PERIOD];
static double cosine[2][PERIOD], sine[2][PERIOD];

/* Turns a unit vector, so that no sine has to be computed a sample. */
static void make_tone(void)
{
	/* cos and sin of 2 pi 440 / 16000 and of 2 pi 1000 / 16000 */
	static const double turn[2][2] = {{0.98510932615477391, 0.17192910027940955},
									  {0.92387953251128674, 0.38268343236508978}};

	for (int k = 0; k < 2; k++) {
		double c = 1, s = 0;
		for (int i = 0; i < PERIOD; i++) {
			cosine[k][i] = c;
			sine[k][i] = s;
			double next = c * turn[k][0] - s * turn[k][1];
			s = s * turn[k][0] + c * turn[k][1];
			c = next;
		}
	}
	for (int i = 0; i < PERIOD; i++)
		tone[i] = (int16_t)(6000 * (sine[0][i] + sine[1][i]));
}

static const int16_t *tone_frame(uint32_t number)
{
	static int16_t frame[FRAME_SAMPLES];

	for (size_t i = 0; i < FRAME_SAMPLES; i++)
		frame[i] = tone[(number * FRAME_SAMPLES + i) % PERIOD];
	return frame;
}

const int16_t *speech_frame(uint32_t number)
{
	size_t frames = (size_t)(speech_wav_end - speech_wav - 44) / (FRAME_SAMPLES * 2);

	return (const int16_t *)(const void *)(speech_wav + 44) + number % frames * FRAME_SAMPLES;
}

static void listen(party *self, const int16_t *samples)
{
	for (size_t i = 0; i < FRAME_SAMPLES; i++) {
		int at = (int)(self->heard++ % PERIOD);
		for (int k = 0; k < 2; k++) {
			self->real[k] += samples[i] * cosine[k][at];
			self->imaginary[k] += samples[i] * sine[k][at];
		}
		self->power += (double)samples[i] * samples[i];
	}
}

/* Nearly all of what was heard is the two tones, and both are there. */
static void check_tone(const party *self)
{
	double tones = 0;

	for (int k = 0; k < 2; k++) {
		double square = self->real[k] * self->real[k] + self->imaginary[k] * self->imaginary[k];
		double peak_squared = 4 * square / self->heard / self->heard;
		assert_true(peak_squared > 3000.0 * 3000.0);
		tones += peak_squared / 2;
	}
	assert_true(tones > 0.8 * self->power / self->heard);
}

/* What the audio thread does every 20 ms. */
static void audio_tick(party *self, const int16_t *samples, bool check)
{
	int32_t mix[FRAME_SAMPLES];
	int16_t out[FRAME_SAMPLES];
	count_place before = count_enter_as(self->owner, COUNT_AUDIO);

	bool sent = audio_uplink_capture(self->uplink, samples);
	memset(mix, 0, sizeof mix);
	audio_downlink_playout(self->downlink, mix, FRAME_SAMPLES, sim_now(world.network));
	audio_mix_finish(mix, out, FRAME_SAMPLES);
	count_leave(before);
	if (sent)
		peer_pump(self->end->core, sim_now(world.network));
	if (check)
		listen(self, out);
	self->frames++;
}

static void talk_tones(void)
{
	for (uint32_t i = 0; i < TONE_FRAMES; i++) {
		/* The first half second brings the codec and the jitter buffer into their stride. */
		audio_tick(&device, tone_frame(i), i >= 25);
		audio_tick(&remote, tone_frame(i), i >= 25);
		run_for(FRAME);
	}
	check_tone(&device);
	check_tone(&remote);
}

static void talk_speech(void)
{
	for (uint32_t i = 0; i < SPEECH_FRAMES; i++) {
		audio_tick(&device, speech_frame(i), false);
		audio_tick(&remote, speech_frame(i + 200), false);
		run_for(FRAME);
	}
}

static void open_audio(party *self, const char *mid, const char *other_mid, uint32_t ssrc)
{
	audio_encoder_options options = {.sample_rate = RATE,
									 .channels = 1,
									 .bitrate = 24000,
									 .complexity = 1,
									 .fec = true,
									 .expected_loss = 10};

	/* In place of the rings that peer_world.h has for its own packets. */
	ring_free(self->end->source);
	ring_free(self->end->sink);
	self->end->source = self->end->sink = NULL;
	self->uplink = audio_uplink_create(&options);
	self->downlink = audio_downlink_create(RATE, JITTER_TARGET_MS);
	assert_true(self->uplink && self->downlink);
	audio_uplink_set_muted(self->uplink, false);
	self->end->source = audio_uplink_ring(self->uplink);
	add_sender(self->end, mid, ssrc, extensions);
	self->end->source = NULL;
	assert_int_equal(add_receiver(self->end, other_mid, 0, audio_downlink_ring(self->downlink)), 0);
}

/* ---- Data ---- */

static size_t make_message(uint8_t *out, int owner, uint32_t number)
{
	size_t length = number % 10 == 9 ? MESSAGE_MAX - number : 4 + number * 137 % 1800;

	for (size_t i = 0; i < length; i++)
		out[i] = (uint8_t)(owner * 101 + number * 31 + i * 7);
	return length;
}

static void on_event(side *self, const peer_event *event)
{
	if (event->type == PEER_EVENT_CHANNEL_OPEN)
		(self == device.end ? &device : &remote)->open++;
}

static void open_data(party *self)
{
	peer_data_config config = {
		.send_buffer = BUFFER, .receive_buffer = BUFFER, .max_message = MESSAGE_MAX};

	assert_int_equal(peer_open_data(self->end->core, &config, sim_now(world.network)), 0);
}

static void exchange_messages(party *self, const party *other)
{
	static uint8_t bytes[MESSAGE_MAX];
	uint64_t now = sim_now(world.network);
	peer_message message;

	while (self->sent < MESSAGES) {
		size_t length = make_message(bytes, self->owner, self->sent);
		if (peer_send_message(self->end->core, self->channel, bytes, length, now) != SCTP_SENT)
			break;
		self->sent++;
	}
	while (peer_take_message(self->end->core, &message, now)) {
		assert_int_equal(message.length, make_message(bytes, other->owner, self->received));
		assert_memory_equal(message.bytes, bytes, message.length);
		port_free(message.bytes);
		self->received++;
	}
}

static void send_messages(void)
{
	sim_weather rain = {.delay = WIRE_DELAY, .jitter = 5 * MS, .loss = 20};

	sim_set_weather(world.network, rain);
	for (int i = 0; device.received < MESSAGES || remote.received < MESSAGES; i++) {
		assert_true(i < 10000);
		exchange_messages(&device, &remote);
		exchange_messages(&remote, &device);
		run_for(5 * MS);
	}
	sim_set_weather(world.network, (sim_weather){.delay = WIRE_DELAY});
}

/* ---- The run ---- */

static void print_phase(const char *phase)
{
	for (int owner = 0; owner < COUNT_OWNERS; owner++)
		for (int part = 1; part < COUNT_PARTS; part++) {
			uint64_t spent = count_of(owner, (count_part)part);
			if (spent > 0)
				printf("{\"phase\":\"%s\",\"owner\":\"%s\",\"part\":\"%s\",\"instructions\":%lu}\n",
					   phase, names[owner], count_name((count_part)part), (unsigned long)spent);
		}
	count_clear();
}

static void print_memory(void)
{
	static const char *const subsystems[PORT_SUBSYSTEMS] = {
		[PORT_ICE] = "ice",        [PORT_DTLS] = "dtls",   [PORT_SRTP] = "srtp",
		[PORT_RTP] = "rtp",        [PORT_AUDIO] = "audio", [PORT_OPUS] = "opus",
		[PORT_SCTP] = "sctp",      [PORT_PEER] = "peer",   [PORT_STREAM] = "stream",
		[PORT_BINDING] = "binding"};

	for (int i = 0; i < PORT_SUBSYSTEMS; i++) {
		port_memory_usage usage = port_memory_of((port_subsystem)i);
		if (usage.peak > 0) /* two equal peers */
			printf("{\"memory\":\"%s\",\"current\":%lu,\"peak\":%lu}\n", subsystems[i],
				   (unsigned long)usage.current / 2, (unsigned long)usage.peak / 2);
	}
}

/* Every profile gives each task what it needed here, and something for the port below it. */
static void check_stacks(void)
{
	static const struct {
		const char *profile;
		stack_task stack;
		port_task task;
	} tasks[] = {{"psram", STACK_TRANSPORT, PORT_TASK_TRANSPORT},
				 {"psram", STACK_AUDIO, PORT_TASK_AUDIO},
				 {"psram", STACK_WORKER, PORT_TASK_WORKER},
				 {"internal", STACK_TRANSPORT, PORT_TASK_TRANSPORT},
				 {"internal", STACK_AUDIO_INTERNAL, PORT_TASK_AUDIO},
				 {"internal", STACK_WORKER, PORT_TASK_WORKER}};

	for (int stack = 0; stack < STACKS; stack++)
		printf("{\"stack\":\"%s\",\"bytes\":%lu}\n", stack_name((stack_task)stack),
			   (unsigned long)stack_depth((stack_task)stack));
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		assert_true(port_profile_choose(tasks[i].profile));
		assert_true(stack_depth(tasks[i].stack) + STACK_OF_PORT <=
					port_profile_current()->tasks[tasks[i].task].stack);
	}
}

static void connect_all(void)
{
	open_world(7, (sim_weather){.delay = WIRE_DELAY});
	world.on_event = on_event;
	hook_owner(device.owner, world.a.core);
	hook_owner(remote.owner, world.b.core);
	open_audio(&device, "0", "1", 0x1000);
	open_audio(&remote, "1", "0", 0x2000);
	open_data(&device);
	open_data(&remote);
	device.channel = remote.channel = peer_open_channel(
		world.a.core, &(dcep_options){.label = "_reliable"}, sim_now(world.network));
	assert_true(device.channel >= 0);
	connect_within(10 * SECOND);
	for (int i = 0; device.open == 0 || remote.open == 0; i++) {
		assert_true(i < 1000);
		run_for(5 * MS);
	}
}

static void disconnect_all(void)
{
	peer_stats stats = stats_of(&world.a);

	assert_int_equal(stats.srtp_in.authentication, 0);
	assert_true(stats.rtp_in >= TONE_FRAMES + SPEECH_FRAMES - 10);
	close_side(&world.a);
	close_side(&world.b);
	for (int i = 0; i < 2; i++) {
		audio_uplink_free((i ? &remote : &device)->uplink);
		audio_downlink_free((i ? &remote : &device)->downlink);
	}
	sim_free(world.network);
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		assert_int_equal(port_memory_of((port_subsystem)i).current, 0);
}

int main(void)
{
	check_catch_faults();
	stack_paint_all();
	make_tone();
	count_clear();

	assert_int_equal(make_identities(NULL), 0);
	print_phase("identities");
	connect_all();
	print_phase("connect");
	send_messages();
	print_phase("messages");
	talk_tones();
	print_phase("tones");
	uint32_t allocations = all_allocations();
	talk_speech();
	assert_int_equal(all_allocations(), allocations);
	print_phase("speech");
	print_memory();
	echo_run(50);
	print_phase("echo");
	deepest_run();
	check_stacks();
	disconnect_all();
	printf("{\"done\":true}\n");
	return 0;
}
