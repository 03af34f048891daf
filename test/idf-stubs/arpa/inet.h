#pragma once

#include <netinet/in.h>

uint16_t htons(uint16_t n);
uint16_t ntohs(uint16_t n);
const char *inet_ntop(int af, const void *src, char *dst, socklen_t size);
int inet_pton(int af, const char *src, void *dst);
