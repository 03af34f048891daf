#include "host.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_ipv4(const char *text, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned value = 0, digits = 0;
		for (; *text >= '0' && *text <= '9' && digits < 4; digits++)
			value = value * 10 + (unsigned)(*text++ - '0');
		if (digits == 0 || digits > 3 || value > 255 || *text++ != (i < 3 ? '.' : 0))
			return false;
		out[i] = (uint8_t)value;
	}
	return true;
}

/* RFC 4291 section 2.2, without the form that ends in dotted decimal. */
static bool parse_ipv6(const char *text, uint8_t out[16])
{
	size_t groups = 0, gap = SIZE_MAX;
	memset(out, 0, 16);
	if (text[0] == ':' && text[1] == ':') {
		gap = 0;
		text += 2;
	}
	while (*text) {
		unsigned value = 0, digits = 0;
		for (int digit; digits < 5 && (digit = hex_digit(*text)) >= 0; digits++, text++)
			value = value << 4 | (unsigned)digit;
		if (digits == 0 || digits > 4 || groups == 8)
			return false;
		out[2 * groups] = (uint8_t)(value >> 8);
		out[2 * groups + 1] = (uint8_t)value;
		groups++;
		if (*text == 0)
			break;
		if (*text++ != ':')
			return false;
		if (*text == ':') {
			if (gap != SIZE_MAX)
				return false;
			gap = groups;
			text++;
		} else if (*text == 0) {
			return false;
		}
	}
	if (gap == SIZE_MAX)
		return groups == 8;
	if (groups == 8)
		return false;
	size_t tail = groups - gap;
	memmove(out + 2 * (8 - tail), out + 2 * gap, 2 * tail);
	memset(out + 2 * gap, 0, 2 * (8 - groups));
	return true;
}

size_t host_parse_ip(const char *text, uint8_t out[16])
{
	if (parse_ipv4(text, out))
		return 4;
	return parse_ipv6(text, out) ? 16 : 0;
}
