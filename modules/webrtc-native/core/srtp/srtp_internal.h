#ifndef LKXS_SRTP_INTERNAL_H
#define LKXS_SRTP_INTERNAL_H

#include <stdbool.h>

#include "../crypto/crypto.h"
#include "srtp.h"

/* RFC 3711 section 4.3: what a session key is for. RTCP's labels are these plus 3. */
typedef enum { SRTP_LABEL_CIPHER = 0, SRTP_LABEL_AUTH = 1, SRTP_LABEL_SALT = 2 } srtp_label;
#define SRTP_LABEL_RTCP 3

#define SRTP_KEY 16
#define SRTP_SALT 14
#define SRTP_AUTH_KEY 20

/** Session key material by AES-CM from the master key (key derivation rate 0). 0 or -1. */
int srtp_derive(crypto_aes *master, const uint8_t salt[SRTP_SALT], uint8_t label, uint8_t *out,
				size_t length);

/*
 * RFC 3711 section 3.3.2: which indices were seen. `newest` is the highest index accepted; bit n of
 * `window` is set when newest - n was seen. All zero (no bit set) before the first packet.
 */
typedef struct {
	uint64_t newest, window;
} srtp_replay;

#define SRTP_WINDOW 64

bool srtp_replay_fresh(const srtp_replay *replay, uint64_t index);
/** Marks an index that srtp_replay_fresh() let pass and that was authenticated. */
void srtp_replay_add(srtp_replay *replay, uint64_t index);

/** RFC 3711 section 3.3.1, appendix A: the index that `sequence` most likely has near `newest`. */
uint64_t srtp_index_near(uint64_t newest, uint16_t sequence);

#endif
