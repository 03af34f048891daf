/* modMessagePostToMachine(), which the SDK has on devices, for its simulator on Linux. */
#ifndef LKXS_LIN_MESSAGE_H
#define LKXS_LIN_MESSAGE_H

#include <stdint.h>

#include "xs.h"

typedef void (*modMessageDeliver)(void *the, void *refcon, uint8_t *message, uint16_t length);

/** Any thread. As on devices, but the queue is endless, and it carries no bytes. */
int modMessagePostToMachine(xsMachine *the, uint8_t *message, uint16_t length,
							modMessageDeliver callback, void *refcon);

#endif
