/*
 * Packets wait in slots by sequence number, their bytes in chains of small blocks. Playout has a
 * clock of its own, `clock`, in the sender's RTP units: a packet is due when the clock has reached
 * its timestamp. Concealment advances the clock too, so a pause (DTX) or a gap keeps its length and
 * the delay before it is also the delay after it.
 *
 *             held >= target, or the first packet has waited for it
 *   filling ----------------------------------------------------------> playing
 *           <----------------------------------------------------------
 *             drained, and concealed for as long as that sounds right
 */
#include "jitter.h"

#include <string.h>

#include "../port.h"

#define CLOCK_MS 48 /* RTP clock units in 1 ms */

#define BLOCK 96 /* bytes: a usual packet at 32 kb/s fits one */
#define NO_BLOCK 0xff

#define CONCEAL_MAX (80 * CLOCK_MS)      /* the next 20 ms fade out; then Opus turns to noise */
#define CONCEAL_DTX_MAX (600 * CLOCK_MS) /* the sender refreshes comfort noise every 400 ms */
#define DTX_PACKET_MAX 2                 /* bytes of a packet that announces a pause */

#define FAR_AHEAD 3000                   /* packets; farther jumps are a new sequence */
#define FAR_BEHIND 50                    /* packets */
#define TIMESTAMP_LEAP (1000 * CLOCK_MS) /* farther jumps are a new clock */
#define SLACK (20 * CLOCK_MS)            /* over the target before anything is shortened */
#define NEARLY (5 * CLOCK_MS)            /* this close to its time, a packet is due */
#define WINDOW_US 1000000                /* over which the least depth counts */

typedef struct {
	bool used;
	uint8_t first_block;
	uint16_t length;
	uint32_t timestamp, duration;
} jitter_slot;

struct jitter_buffer {
	uint32_t target; /* RTP clock units, as all durations here */

	bool begun;  /* `next` is known */
	bool played; /* since begun; until then, an earlier packet may still come first */
	bool playing;
	bool anchored; /* `clock` is known */
	uint16_t next; /* sequence number that plays next */
	uint32_t clock;
	uint64_t filling_since; /* microseconds */

	bool restart_pending; /* a far jump; restart_sequence next confirms it */
	uint16_t restart_sequence;

	uint32_t held;          /* in the slots */
	uint32_t concealed;     /* since the last packet played */
	uint32_t last_duration; /* of the last packet played */
	bool dtx;               /* the last packet played announced a pause */

	uint64_t window_start;
	uint32_t window_least; /* of `held` */
	uint32_t surplus;      /* to be played away */

	jitter_stats stats;
	jitter_slot slots[JITTER_SLOTS];
	uint8_t free_block, free_blocks;
	uint8_t next_block[JITTER_BLOCKS];
	uint8_t blocks[JITTER_BLOCKS][BLOCK];
	uint8_t packet[JITTER_PACKET_MAX]; /* the one that comes, or that goes */
};

/* ---- slots and blocks ---- */

static jitter_slot *slot_of(jitter_buffer *jitter, uint16_t sequence)
{
	return &jitter->slots[sequence % JITTER_SLOTS];
}

static size_t blocks_for(size_t length)
{
	return (length + BLOCK - 1) / BLOCK;
}

static void store(jitter_buffer *jitter, jitter_slot *slot, const uint8_t *payload, size_t length)
{
	uint8_t *link = &slot->first_block;

	for (size_t at = 0; at < length; at += BLOCK) {
		uint8_t block = jitter->free_block;

		jitter->free_block = jitter->next_block[block];
		jitter->free_blocks--;
		memcpy(jitter->blocks[block], payload + at, length - at < BLOCK ? length - at : BLOCK);
		*link = block;
		link = &jitter->next_block[block];
	}
	*link = NO_BLOCK;
	slot->length = (uint16_t)length;
	slot->used = true;
	jitter->held += slot->duration;
	jitter->stats.depth++;
}

/* Empties a slot, its bytes copied to `out` unless that is NULL. */
static void take(jitter_buffer *jitter, jitter_slot *slot, uint8_t *out)
{
	size_t left = slot->length;

	for (uint8_t block = slot->first_block; block != NO_BLOCK;) {
		uint8_t following = jitter->next_block[block];
		size_t part = left < BLOCK ? left : BLOCK;

		if (out) {
			memcpy(out, jitter->blocks[block], part);
			out += part;
		}
		left -= part;
		jitter->next_block[block] = jitter->free_block;
		jitter->free_block = block;
		jitter->free_blocks++;
		block = following;
	}
	slot->used = false;
	jitter->held -= slot->duration;
	jitter->stats.depth--;
}

/* Gives up on the packet that would play next. */
static void skip_next(jitter_buffer *jitter)
{
	jitter_slot *slot = slot_of(jitter, jitter->next);

	if (slot->used) {
		take(jitter, slot, NULL);
		jitter->stats.overflow++;
	} else {
		jitter->stats.lost++;
	}
	jitter->next++;
}

/* ---- putting ---- */

static void begin(jitter_buffer *jitter, uint16_t sequence)
{
	for (size_t i = 0; i < JITTER_SLOTS; i++) {
		if (jitter->slots[i].used) {
			take(jitter, &jitter->slots[i], NULL);
			jitter->stats.overflow++;
		}
	}
	jitter->begun = true;
	jitter->played = false;
	jitter->playing = false;
	jitter->next = sequence;
}

/* False when `sequence` is not to be played: too late, or a far jump not yet confirmed. */
static bool place_sequence(jitter_buffer *jitter, uint16_t sequence)
{
	if (!jitter->begun)
		begin(jitter, sequence);

	int ahead = (int16_t)(sequence - jitter->next);
	if (ahead > FAR_AHEAD || ahead < -FAR_BEHIND) {
		bool confirmed = jitter->restart_pending && sequence == jitter->restart_sequence;

		jitter->restart_pending = !confirmed;
		jitter->restart_sequence = (uint16_t)(sequence + 1);
		if (!confirmed) {
			jitter->stats.late++;
			return false;
		}
		begin(jitter, sequence);
		jitter->stats.resyncs++;
		return true;
	}
	jitter->restart_pending = false;

	if (ahead < 0 && !jitter->played && ahead > -JITTER_SLOTS) {
		/* reordered at the very start: play from here, if the newest still fits the slots */
		for (int i = 0; i < -ahead; i++) {
			if (slot_of(jitter, (uint16_t)(sequence + i))->used) {
				jitter->stats.late++;
				return false;
			}
		}
		jitter->next = sequence;
		return true;
	}
	if (ahead < 0) {
		jitter->stats.late++;
		return false;
	}
	for (; ahead >= JITTER_SLOTS; ahead--)
		skip_next(jitter);
	return true;
}

void jitter_put(jitter_buffer *jitter, uint16_t sequence, uint32_t timestamp, uint32_t duration,
				const uint8_t *payload, size_t length, uint64_t now)
{
	if (length > JITTER_PACKET_MAX || duration == 0) {
		jitter->stats.overflow++;
		return;
	}
	if (!place_sequence(jitter, sequence))
		return;
	jitter_slot *slot = slot_of(jitter, sequence);
	if (slot->used) { /* slots cover a window of sequence numbers, so it is this one */
		jitter->stats.duplicate++;
		return;
	}
	while (jitter->free_blocks < blocks_for(length)) {
		if (jitter->next == sequence) { /* all that waits is to play after it */
			jitter->stats.overflow++;
			return;
		}
		skip_next(jitter);
	}
	if (jitter->stats.depth == 0 && !jitter->playing)
		jitter->filling_since = now;
	slot->timestamp = timestamp;
	slot->duration = duration;
	store(jitter, slot, payload, length);
	jitter->stats.accepted++;
}

/* ---- getting ---- */

static void start_window(jitter_buffer *jitter, uint64_t now)
{
	jitter->window_start = now;
	jitter->window_least = UINT32_MAX;
}

/* Finds out whether the buffer has long held more than it needs: a burst, or a faster clock. */
static void watch_depth(jitter_buffer *jitter, uint64_t now)
{
	if (jitter->held < jitter->window_least)
		jitter->window_least = jitter->held;
	if (now - jitter->window_start < WINDOW_US)
		return;
	jitter->surplus =
		jitter->window_least > jitter->target + SLACK ? jitter->window_least - jitter->target : 0;
	start_window(jitter, now);
}

static jitter_result conceal(jitter_buffer *jitter, uint32_t duration, jitter_frame *out)
{
	jitter->clock += duration;
	jitter->concealed += duration;
	*out = (jitter_frame){.duration = duration};
	return JITTER_LOST;
}

static bool may_conceal(const jitter_buffer *jitter)
{
	return jitter->concealed < (jitter->dtx ? CONCEAL_DTX_MAX : CONCEAL_MAX);
}

static jitter_result get_drained(jitter_buffer *jitter, jitter_frame *out)
{
	if (jitter->playing && may_conceal(jitter))
		return conceal(jitter, jitter->last_duration, out);
	jitter->playing = false;
	return JITTER_EMPTY;
}

static void start_playing(jitter_buffer *jitter, uint64_t now)
{
	jitter->playing = true;
	jitter->anchored = false;
	jitter->surplus = 0;
	start_window(jitter, now);
}

static jitter_result play(jitter_buffer *jitter, jitter_slot *head, unsigned missing,
						  jitter_frame *out)
{
	*out = (jitter_frame){
		.payload = jitter->packet, .length = head->length, .duration = head->duration};
	jitter->stats.lost += missing;
	jitter->next = (uint16_t)(jitter->next + missing + 1);
	jitter->played = true;
	jitter->clock = head->timestamp + head->duration;
	jitter->concealed = 0;
	jitter->last_duration = head->duration;
	jitter->dtx = head->length <= DTX_PACKET_MAX;
	take(jitter, head, jitter->packet);
	if (jitter->surplus >= out->duration / 2 && jitter->stats.depth > 0) {
		jitter->surplus -= out->duration / 2;
		out->shorten = true;
	}
	return JITTER_PACKET;
}

jitter_result jitter_get(jitter_buffer *jitter, jitter_frame *out, uint64_t now)
{
	if (jitter->stats.depth == 0)
		return get_drained(jitter, out);
	if (!jitter->playing) {
		uint64_t waited = now > jitter->filling_since ? now - jitter->filling_since : 0;

		if (jitter->held < jitter->target && waited * CLOCK_MS / 1000 < jitter->target)
			return JITTER_EMPTY;
		start_playing(jitter, now);
	}
	watch_depth(jitter, now);

	unsigned missing = 0;
	jitter_slot *head = slot_of(jitter, jitter->next);
	while (!head->used)
		head = slot_of(jitter, (uint16_t)(jitter->next + ++missing));

	if (!jitter->anchored) {
		jitter->clock = head->timestamp;
		jitter->anchored = true;
	}
	int32_t wait = (int32_t)(head->timestamp - jitter->clock);
	if (wait > TIMESTAMP_LEAP || wait < -TIMESTAMP_LEAP) {
		jitter->stats.resyncs++;
		return play(jitter, head, missing, out);
	}
	/* a pause of the sender's may be cut when enough waits behind it, a loss may not */
	if (wait < NEARLY || (missing == 0 && jitter->held >= jitter->target) || !may_conceal(jitter))
		return play(jitter, head, missing, out);

	if (missing > 0) {
		jitter->stats.lost++;
		jitter->next++;
	}
	uint32_t duration = (uint32_t)wait;
	return conceal(jitter, duration < jitter->last_duration ? duration : jitter->last_duration,
				   out);
}

/* ---- */

jitter_buffer *jitter_create(uint32_t target_ms)
{
	jitter_buffer *jitter = port_alloc(sizeof *jitter, PORT_EXTERNAL, PORT_AUDIO);

	if (!jitter)
		return NULL;
	jitter->target = target_ms * CLOCK_MS;
	jitter->free_blocks = JITTER_BLOCKS;
	for (size_t i = 0; i < JITTER_BLOCKS; i++)
		jitter->next_block[i] = (uint8_t)(i + 1 < JITTER_BLOCKS ? i + 1 : NO_BLOCK);
	return jitter;
}

void jitter_free(jitter_buffer *jitter)
{
	port_free(jitter);
}

uint8_t *jitter_room(jitter_buffer *jitter)
{
	return jitter->packet;
}

void jitter_get_stats(const jitter_buffer *jitter, jitter_stats *out)
{
	*out = jitter->stats;
}
