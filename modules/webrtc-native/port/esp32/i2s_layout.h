/*
 * The arithmetic of sound in I2S's DMA buffers, free of IDF so that it is tested on the desktop:
 * how large they are, where a microphone's samples are in them, and how much of them is whose.
 */
#ifndef LKXS_ESP32_I2S_LAYOUT_H
#define LKXS_ESP32_I2S_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint8_t bits;              /* of a slot */
	uint8_t slots;             /* in DMA's memory, of each sample */
	uint8_t descriptor_ms;     /* 10 or 5: what is shorter than that is not told of */
	uint16_t descriptor_count; /* samples in one */
	uint32_t descriptor_bytes;
	uint32_t frame_bytes; /* 20 ms */
	uint16_t frame_count; /* samples in 20 ms */
	uint8_t descriptors;
} i2s_layout;

/** False when not even 5 ms fit a descriptor. */
bool i2s_layout_make(i2s_layout *out, uint32_t sample_rate, uint8_t bits, uint8_t slots);

/** 20 ms out of DMA's memory: the samples of one slot. */
void i2s_layout_take(const i2s_layout *layout, uint8_t slot, const void *raw, int16_t *samples);
/** 20 ms into DMA's memory: the same sound in every slot. */
void i2s_layout_put(const i2s_layout *layout, const int16_t *samples, void *raw);

/** What the hardware has moved, counted by the interrupt, and what we have. Both wrap. */
typedef struct {
	atomic_uint moved; /* bytes */
	unsigned ours;     /* bytes */
} i2s_ledger;

/** In the interrupt. */
void i2s_ledger_move(i2s_ledger *ledger, size_t bytes);

/**
 * Microphone: whole frames that can be read at once. `*overrun` when sound was lost since the last
 * call; the oldest is. Then add layout->frame_bytes to `ours` for each frame read.
 */
unsigned i2s_ledger_readable(i2s_ledger *ledger, const i2s_layout *layout, bool *overrun);
/**
 * Speaker: frames to write now so that two are queued. `*underrun` when silence was played since
 * the last call for want of sound. Add layout->frame_bytes to `ours` for each frame written.
 */
unsigned i2s_ledger_writable(i2s_ledger *ledger, const i2s_layout *layout, bool *underrun);

#endif
