/* XS's own xsHost.h, and the parts of the device's that a binding uses. */
#ifndef LKXS_XSHOST_H
#define LKXS_XSHOST_H

#include <stdint.h>

#include "xs.h"

typedef void (*modMessageDeliver)(void *the, void *refcon, uint8_t *message, uint16_t length);

/**
 * Any thread: has `callback` called on the machine's thread, outside of any JavaScript. The bytes
 * are copied. The queue holds as many as the device's, 10. 0, or nonzero when it is full or the
 * memory is; nothing is called then.
 */
int modMessagePostToMachine(xsMachine *the, uint8_t *message, uint16_t length,
							modMessageDeliver callback, void *refcon);

#endif
