#include "srtp_internal.h"

#include <string.h>

int srtp_derive(crypto_aes *master, const uint8_t salt[SRTP_SALT], uint8_t label, uint8_t *out,
				size_t length)
{
	/* x = label || 0 (48 bits of index / rate), aligned right under the salt; IV = x * 2^16. */
	uint8_t iv[16] = {0};
	memcpy(iv, salt, SRTP_SALT);
	iv[7] ^= label;
	memset(out, 0, length);
	int result = crypto_aes_ctr(master, iv, out, out, length);
	crypto_wipe(iv, sizeof iv);
	return result;
}
