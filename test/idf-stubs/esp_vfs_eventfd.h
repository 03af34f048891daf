#pragma once

#include <stddef.h>

#include "esp_err.h"

typedef struct {
	size_t max_fds;
} esp_vfs_eventfd_config_t;

esp_err_t esp_vfs_eventfd_register(const esp_vfs_eventfd_config_t *config);
int eventfd(unsigned int initval, int flags);
