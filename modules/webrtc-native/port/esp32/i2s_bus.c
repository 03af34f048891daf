#include "i2s_bus.h"

#include <driver/i2s_pdm.h>
#include <driver/i2s_std.h>
#include <driver/i2s_tdm.h>
#include <esp_attr.h>
#include <esp_err.h>
#include <soc/soc_caps.h>
#include <stdio.h>
#include <string.h>

#define CONTROLLERS 2

static i2s_bus buses[CONTROLLERS];

/* ---- In the interrupt ---- */

static bool IRAM_ATTR on_moved(i2s_chan_handle_t channel, i2s_event_data_t *event, void *ledger)
{
	(void)channel;
	i2s_ledger_move(ledger, event->size);
	return false; /* wakes nobody: the audio thread looks every 20 ms */
}

/* ---- Set-up: an error of IDF's, or ESP_OK ---- */

static esp_err_t set_std(const i2s_bus *bus, i2s_chan_handle_t channel)
{
	const port_i2s_options *options = &bus->options;
	const i2s_data_bit_width_t bits = (i2s_data_bit_width_t)options->bits;
	const i2s_std_config_t config = {
		.clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(bus->sample_rate),
		.slot_cfg = I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(bits, I2S_SLOT_MODE_STEREO),
		.gpio_cfg = {.mclk = options->mclk,
					 .bclk = options->bclk,
					 .ws = options->ws,
					 .dout = options->dout,
					 .din = options->din},
	};

	return i2s_channel_init_std_mode(channel, &config);
}

static esp_err_t set_tdm(const i2s_bus *bus, i2s_chan_handle_t channel)
{
#if SOC_I2S_SUPPORTS_TDM
	const port_i2s_options *options = &bus->options;
	const i2s_data_bit_width_t bits = (i2s_data_bit_width_t)options->bits;
	const i2s_tdm_slot_mask_t all = (i2s_tdm_slot_mask_t)((1u << options->slots) - 1);
	const i2s_tdm_config_t config = {
		.clk_cfg = I2S_TDM_CLK_DEFAULT_CONFIG(bus->sample_rate),
		.slot_cfg = I2S_TDM_PHILIPS_SLOT_DEFAULT_CONFIG(bits, I2S_SLOT_MODE_STEREO, all),
		.gpio_cfg = {.mclk = options->mclk,
					 .bclk = options->bclk,
					 .ws = options->ws,
					 .dout = options->dout,
					 .din = options->din},
	};

	return i2s_channel_init_tdm_mode(channel, &config);
#else
	(void)bus, (void)channel;
	return ESP_ERR_NOT_SUPPORTED;
#endif
}

/* A microphone that gives a bit stream; the hardware makes samples of it. */
static esp_err_t set_pdm(const i2s_bus *bus, i2s_chan_handle_t channel)
{
#if SOC_I2S_SUPPORTS_PDM_RX && SOC_I2S_SUPPORTS_PDM2PCM
	const port_i2s_options *options = &bus->options;
	i2s_pdm_rx_config_t config = {
		.clk_cfg = I2S_PDM_RX_CLK_DEFAULT_CONFIG(bus->sample_rate),
		.slot_cfg =
			I2S_PDM_RX_SLOT_PCM_FMT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_16BIT, I2S_SLOT_MODE_MONO),
		.gpio_cfg = {.clk = options->bclk, .din = options->din},
	};

	config.slot_cfg.slot_mask = options->slot == 0 ? I2S_PDM_SLOT_LEFT : I2S_PDM_SLOT_RIGHT;
	return i2s_channel_init_pdm_rx_mode(channel, &config);
#else
	(void)bus, (void)channel;
	return ESP_ERR_NOT_SUPPORTED;
#endif
}

static esp_err_t set_up(i2s_bus *bus, i2s_direction direction)
{
	i2s_half *half = &bus->halves[direction];
	const i2s_event_callbacks_t callbacks = {
		.on_recv = direction == I2S_IN ? on_moved : NULL,
		.on_sent = direction == I2S_OUT ? on_moved : NULL,
	};
	esp_err_t result = ESP_ERR_NOT_SUPPORTED;

	if (!half->channel)
		return ESP_OK;
	switch (bus->options.format) {
	case PORT_I2S_STD:
		result = set_std(bus, half->channel);
		break;
	case PORT_I2S_TDM:
		result = set_tdm(bus, half->channel);
		break;
	case PORT_I2S_PDM:
		result = set_pdm(bus, half->channel);
		break;
	}
	if (result == ESP_OK)
		result = i2s_channel_register_event_callback(half->channel, &callbacks, &half->ledger);
	return result;
}

static void tear_down(i2s_bus *bus)
{
	for (int i = 0; i < 2; i++)
		if (bus->halves[i].channel)
			i2s_channel_disable(bus->halves[i].channel); /* one that is not enabled says so */
	for (int i = 0; i < 2; i++)
		if (bus->halves[i].channel)
			i2s_del_channel(bus->halves[i].channel);
	memset(bus, 0, sizeof(*bus));
}

static esp_err_t create(i2s_bus *bus)
{
	const port_i2s_options *options = &bus->options;
	const bool in = options->din >= 0;
	const bool out = options->dout >= 0 && options->format != PORT_I2S_PDM;
	i2s_chan_config_t config = I2S_CHANNEL_DEFAULT_CONFIG(options->controller, I2S_ROLE_MASTER);

	config.dma_desc_num = bus->layout.descriptors;
	config.dma_frame_num = bus->layout.descriptor_count;
	config.auto_clear_after_cb = true; /* silence, not the last sound again and again */
	esp_err_t result = i2s_new_channel(&config, out ? &bus->halves[I2S_OUT].channel : NULL,
									   in ? &bus->halves[I2S_IN].channel : NULL);
	/* The first that is set up makes the clocks; IDF has the second follow it. */
	if (result == ESP_OK)
		result = set_up(bus, I2S_OUT);
	if (result == ESP_OK)
		result = set_up(bus, I2S_IN);
	for (int i = I2S_OUT; i >= I2S_IN && result == ESP_OK; i--)
		if (bus->halves[i].channel)
			result = i2s_channel_enable(bus->halves[i].channel);
	return result;
}

static bool same_bus(const i2s_bus *bus, const port_audio_options *options)
{
	const port_i2s_options *a = &bus->options, *b = &options->i2s;

	return bus->sample_rate == options->sample_rate && a->format == b->format &&
		   a->mclk == b->mclk && a->bclk == b->bclk && a->ws == b->ws && a->din == b->din &&
		   a->dout == b->dout && a->bits == b->bits && a->slots == b->slots;
}

i2s_bus *i2s_bus_open(const port_audio_options *options, i2s_direction direction, char *error,
					  size_t size)
{
	const char *what = direction == I2S_IN ? "microphone" : "speaker";
	const port_i2s_options *wanted = &options->i2s;
	i2s_bus *bus = &buses[wanted->controller % CONTROLLERS];
	bool in_use = bus->halves[I2S_IN].open || bus->halves[I2S_OUT].open;

	if ((direction == I2S_IN ? wanted->din : wanted->dout) < 0) {
		snprintf(error, size, "%s: i2s has no pin for it: give %s", what,
				 direction == I2S_IN ? "din" : "dout");
		return NULL;
	}
	if (direction == I2S_OUT && wanted->format == PORT_I2S_PDM) {
		snprintf(error, size, "speaker: pdm is for microphones: give std or tdm");
		return NULL;
	}
	if (in_use && !same_bus(bus, options)) {
		snprintf(error, size,
				 "%s: I2S controller %u is open with another i2s or sampleRate: give "
				 "microphone and speaker the same, or two controllers",
				 what, (unsigned)wanted->controller);
		return NULL;
	}
	if (!in_use) {
		uint8_t slots = wanted->format == PORT_I2S_PDM ? 1 : wanted->slots;
		bus->options = *wanted;
		bus->sample_rate = options->sample_rate;
		esp_err_t result = ESP_ERR_INVALID_ARG;
		if (i2s_layout_make(&bus->layout, options->sample_rate, wanted->bits, slots))
			result = create(bus);
		if (result != ESP_OK) {
			snprintf(error, size, "%s: I2S controller %u cannot be set up (%s)", what,
					 (unsigned)wanted->controller, esp_err_to_name(result));
			tear_down(bus);
			return NULL;
		}
	}
	bus->halves[direction].open = true;
	return bus;
}

void i2s_bus_close(i2s_bus *bus, i2s_direction direction)
{
	bus->halves[direction].open = false;
	/* The clocks may be those of the half that closes: the other one goes on with both. */
	if (!bus->halves[I2S_IN].open && !bus->halves[I2S_OUT].open)
		tear_down(bus);
}
