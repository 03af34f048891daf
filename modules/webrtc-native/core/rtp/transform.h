/*
 * What encoded frames go through between codec and RTP, one way or the other: end-to-end encryption
 * has its place here. Without a transform a frame passes as it is.
 */
#ifndef LKXS_RTP_TRANSFORM_H
#define LKXS_RTP_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRANSFORM_GROWTH_MAX 64 /* bytes by which a frame to be sent may grow */

typedef struct {
	uint8_t *bytes;
	size_t length;            /* the transform changes it */
	size_t room;              /* it may be so much: a frame that was received cannot grow */
	uint32_t ssrc, timestamp; /* as RTP has them */
} transform_frame;

typedef struct {
	/**
	 * Changes the frame in place. On the transport's thread: it neither waits nor allocates. Each
	 * frame comes once; what is sent again for a NACK was transformed before. False, or a length of
	 * 0 or beyond the room: the frame is dropped, and counted.
	 */
	bool (*run)(void *context, transform_frame *frame);
	void *context;
} frame_transform;

#endif
