/*
 * Wi-Fi's power save makes the station sleep between beacons, which holds packets back for a second
 * and more: it is off while there is a call, and then what it was before.
 */
#include <sdkconfig.h>

#include "../common/platform.h"

#if CONFIG_SOC_WIFI_SUPPORTED

#include <esp_err.h>
#include <esp_wifi.h>

static struct {
	pthread_mutex_t mutex;
	unsigned calls;
	bool changed; /* `before` is to be restored */
	wifi_ps_type_t before;
} radio = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void platform_call_begin(void)
{
	pthread_mutex_lock(&radio.mutex);
	/* Both fail while Wi-Fi is not in use: on Ethernet nobody sleeps. */
	if (radio.calls++ == 0)
		radio.changed = esp_wifi_get_ps(&radio.before) == ESP_OK && radio.before != WIFI_PS_NONE &&
						esp_wifi_set_ps(WIFI_PS_NONE) == ESP_OK;
	pthread_mutex_unlock(&radio.mutex);
}

void platform_call_end(void)
{
	pthread_mutex_lock(&radio.mutex);
	if (--radio.calls == 0 && radio.changed) {
		esp_wifi_set_ps(radio.before);
		radio.changed = false;
	}
	pthread_mutex_unlock(&radio.mutex);
}

#else /* nobody sleeps */

void platform_call_begin(void)
{
}

void platform_call_end(void)
{
}

#endif
