/* Test vectors are easier to compare with their source as text. */
#ifndef LKXS_TEST_HEX_H
#define LKXS_TEST_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Bytes written to `out`, which must have room. Blanks are skipped. */
static inline size_t unhex(const char *text, uint8_t *out)
{
	size_t length = 0;
	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		char digits[3] = {text[0], text[1], 0};
		out[length++] = (uint8_t)strtoul(digits, NULL, 16);
		text += 2;
	}
	return length;
}

#endif
