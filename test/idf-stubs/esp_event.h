#pragma once

#include <stdint.h>

#include "esp_err.h"

typedef const char *esp_event_base_t;
typedef void (*esp_event_handler_t)(void *event_handler_arg, esp_event_base_t event_base,
									int32_t event_id, void *event_data);
typedef void *esp_event_handler_instance_t;

#define ESP_EVENT_ANY_ID -1

esp_err_t esp_event_handler_instance_register(esp_event_base_t event_base, int32_t event_id,
											  esp_event_handler_t event_handler,
											  void *event_handler_arg,
											  esp_event_handler_instance_t *instance);
esp_err_t esp_event_handler_instance_unregister(esp_event_base_t event_base, int32_t event_id,
												esp_event_handler_instance_t instance);
