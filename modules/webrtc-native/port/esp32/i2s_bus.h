/*
 * One I2S controller, full duplex: microphone and speaker share its clocks, so both directions are
 * set up with the first that opens and torn down with the last that closes. Under audio.c's lock.
 */
#ifndef LKXS_ESP32_I2S_BUS_H
#define LKXS_ESP32_I2S_BUS_H

#include <driver/i2s_common.h>

#include "../audio.h"
#include "i2s_layout.h"

typedef enum { I2S_IN, I2S_OUT } i2s_direction;

typedef struct {
	i2s_chan_handle_t channel; /* NULL: not in use, or no pin */
	i2s_ledger ledger;
	bool open;
} i2s_half;

typedef struct {
	port_i2s_options options;
	uint32_t sample_rate;
	i2s_layout layout;
	i2s_half halves[2]; /* by i2s_direction */
} i2s_bus;

/** NULL with one line in `error`. */
i2s_bus *i2s_bus_open(const port_audio_options *options, i2s_direction direction, char *error,
					  size_t size);
void i2s_bus_close(i2s_bus *bus, i2s_direction direction);

#endif
