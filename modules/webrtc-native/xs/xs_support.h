/*
 * What the binding's files share: how an event on a native thread becomes a callback in JavaScript,
 * and reading options.
 *
 * A link ties a native object to its JavaScript one and to the options object whose functions it
 * calls. While open it keeps both from the garbage collector, and the desktop host running.
 */
#ifndef LKXS_XS_SUPPORT_H
#define LKXS_XS_SUPPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/mailbox.h"
#include "../core/port.h"

#include "xsmc.h" /* before xsHost.h, which needs it */

#include "xsHost.h"
#if mxLinux && !defined(LKXS_DESKTOP_HOST)
#include "lin/message.h" /* the SDK's simulator has no messages between threads */
#endif

typedef struct xs_link xs_link;

struct xs_link {
	xsMachine *the;
	xsSlot self, options; /* remembered while held */
	bool open, held;      /* the machine's thread only */
	/** Runs on the machine's thread, never inside other JavaScript, only while open. */
	void (*deliver)(xs_link *link);
	/** Frees the native object; when neither JavaScript nor a message refers to it any more. */
	void (*dispose)(xs_link *link);

	/* xs_support.c's own: */
	atomic_uint references;
	mailbox_item item;
};

/** `self` and `options` may be the same slot. The caller's reference is the first. */
void xs_link_open(xsMachine *the, xs_link *link, xsSlot *self, xsSlot *options);
/**
 * Lets go of JavaScript until it is held again, for an object that has nothing to tell: if nobody
 * else refers to it, it is collected. `options` must be `self` then. Held when opened.
 */
void xs_link_rest(xs_link *link);
void xs_link_hold(xs_link *link);
/** Any thread: deliver() is wanted. Never blocks; wishes of all links share one message. */
void xs_link_post(xs_link *link);
/** Lets go of JavaScript. Harmless when not open. */
void xs_link_close(xs_link *link);
/** From a destructor: as xs_link_close(), but the machine may be going away. */
void xs_link_abandon(xs_link *link);
void xs_link_release(xs_link *link);

/** Reads a property; false when it is undefined or null. */
bool xs_option(xsMachine *the, xsSlot *out, xsSlot *from, const char *name);
/** A text option into `out`; TypeError when it is not there or not shorter than `size`. */
void xs_text_option(xsMachine *the, xsSlot *from, const char *name, char *out, size_t size);
/** An integer option; `fallback` when absent, RangeError when outside of min..max. */
int64_t xs_integer_option(xsMachine *the, xsSlot *from, const char *name, int64_t fallback,
						  int64_t min, int64_t max);
bool xs_boolean_option(xsMachine *the, xsSlot *from, const char *name, bool fallback);
/** `to[name] = value` */
void xs_set_number(xsMachine *the, xsSlot *to, const char *name, double value);
void xs_set_text(xsMachine *the, xsSlot *to, const char *name, const char *value);

/**
 * XS does not see how much native memory its garbage holds. Collects it when `subsystem` has more
 * than `most` bytes, or its budget no room for `next` more.
 */
void xs_make_room(xsMachine *the, port_subsystem subsystem, size_t most, size_t next);

/** Throws an Error for people: XS's own put the C function's name before the message. */
void xs_throw(xsMachine *the, const char *message) XS_FUNCTION_NORETURN;

#endif
