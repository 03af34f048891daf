/*
 * The hardware generator. It is fed by the radio's noise: true entropy needs Wi-Fi or Bluetooth to
 * be on, which it is when there is anybody to talk to, or bootloader_random_enable() before.
 */
#include "../../core/port.h"

#include <esp_random.h>

int port_entropy(uint8_t *out, size_t length)
{
	esp_fill_random(out, length);
	return 0;
}
