/*
 * How much a peer, its sound and its streams hold at most: of each, for boards with PSRAM and
 * without. What comes beyond a bound is refused or dropped, and counted. The board is known when
 * this is compiled (LKXS_SMALL, or CONFIG_LKXS_PROFILE_INTERNAL of ESP-IDF); docs/memory.md has the
 * table.
 */
#ifndef LKXS_BOUNDS_H
#define LKXS_BOUNDS_H

#ifdef ESP_PLATFORM
#include <sdkconfig.h>
#endif

#if defined(LKXS_SMALL) || defined(CONFIG_LKXS_PROFILE_INTERNAL)
#define BOUND(psram, internal) (internal)
#else
#define BOUND(psram, internal) (psram)
#endif

/* ICE: addresses of ours, of relays, found on the way; of the peer; pairs of one and the other. */
#define ICE_LOCAL_MAX BOUND(8, 4)
#define ICE_RELAY_MAX BOUND(4, 2)
#define ICE_REFLEXES BOUND(8, 4)
#define ICE_REMOTE_MAX BOUND(16, 8)
#define ICE_PAIRS_MAX BOUND(64, 24)
/* Characters of a peer's user name and password: RFC 8839 section 5.4 has 256; pion makes 16
 * and 32. */
#define ICE_UFRAG_MAX BOUND(256, 32)
#define ICE_PWD_MAX BOUND(256, 64)

/* Tracks sent and received at a time. */
#define PEER_SENDERS BOUND(4, 2)
#define PEER_RECEIVERS BOUND(8, 4)
/* SSRCs of SRTP each way at a time. */
#define SRTP_STREAMS_MAX BOUND(16, 8)
/* Bytes of datagrams that could not wait to be made when polled: a flight of DTLS has 1.5 KB. */
#define PEER_OUTBOX BOUND(4096, 2048)
/* For retransmission: packets, and bytes of each, which are 64 kb/s or 40 kb/s; 480 or 320 ms. */
#define PEER_HISTORY BOUND(24, 16)
#define PEER_HISTORY_BYTES BOUND(240, 128)

/* Blocks of SCTP that are kept for packets in order when the window is full: 10 are one packet. */
#define IN_ORDER_BLOCKS BOUND(24, 12)
/* Data channels, both sides' together; ids of streams are below their bound, both ways. */
#define DCEP_CHANNELS BOUND(16, 8)
#define SCTP_STREAMS BOUND(64, 16)
/* Bytes of SCTP's buffers, each way: at least, and on every board at most. */
#define SCTP_BUFFER_MIN BOUND(4096, 2048)
#define SCTP_BUFFER_MAX 4194304

/* Sound in one packet of another sender, ms. */
#define AUDIO_PACKET_MS_MAX BOUND(120, 60)
/* Bytes of it: all that a network carries, or 85 kb/s in the longest, 256 kb/s in 20 ms. */
#define JITTER_PACKET_MAX BOUND(1472, 640)
/* Hz of sound that is sent: the stack that encoding takes grows with it. */
#define AUDIO_SENT_RATE_MAX BOUND(48000, 16000)
/* Bytes between transport and audio; a packet from a network has 1,472. */
#define UPLINK_RING BOUND(2048, 1024)
#define DOWNLINK_RING BOUND(4096, 2048)
/* Blocks of 96 bytes that 32 packets share while they wait to be played: up to 64 or 32 kb/s. */
#define JITTER_BLOCKS BOUND(64, 32)

/* Bytes that a stream has read and its reader has not; as many more of TLS. */
#define STREAM_INBOUND BOUND(4096, 1024)
/* Sockets that the transport task waits for at a time. */
#define LOOP_POLL_MAX BOUND(64, 16)
/* Bytes of events on their way to the engine: a candidate takes 150. */
#define EVENT_BYTES BOUND(4096, 2048)

#endif
