#include "xs_support.h"

#include <string.h>

#include "host_hold.h"

/*
 * Links that want to be delivered, newest first, and whether a message is on its way for them. One
 * message serves all: the device's queue of 10 can then never be full because of us, and posting to
 * a full one would block the transport thread. There is one machine.
 */
static _Atomic(xs_link *) pending;
static atomic_bool posted;

static void deliver_one(xs_link *link)
{
	atomic_store(&link->pending, false);
	if (link->open)
		link->deliver(link);
	xs_link_release(link);
}

static void deliver_all(void *the, void *refcon, uint8_t *message, uint16_t length)
{
	xs_link *ordered = NULL;

	(void)the, (void)refcon, (void)message, (void)length;
	atomic_store(&posted, false);
	xs_link *link = atomic_exchange(&pending, NULL);
	while (link) {
		xs_link *next = link->next;
		link->next = ordered;
		ordered = link;
		link = next;
	}
	while (ordered) {
		xs_link *next = ordered->next;
		deliver_one(ordered);
		ordered = next;
	}
}

void xs_link_open(xsMachine *the, xs_link *link, xsSlot *self, xsSlot *options)
{
	link->the = the;
	link->self = *self;
	link->options = *options;
	link->open = true;
	atomic_init(&link->references, 1);
	xsRemember(link->self);
	xsRemember(link->options);
	hostHold();
}

void xs_link_post(xs_link *link)
{
	if (!atomic_exchange(&link->pending, true)) {
		atomic_fetch_add(&link->references, 1);
		link->next = atomic_load(&pending);
		while (!atomic_compare_exchange_weak(&pending, &link->next, link))
			;
	}
	/* Should the app have filled the queue, the next event tries again. */
	if (!atomic_exchange(&posted, true) &&
		modMessagePostToMachine(link->the, NULL, 0, deliver_all, NULL) != 0)
		atomic_store(&posted, false);
}

void xs_link_close(xs_link *link)
{
	xsMachine *the = link->the;

	if (!link->open)
		return;
	xsForget(link->self);
	xsForget(link->options);
	xs_link_abandon(link);
}

void xs_link_abandon(xs_link *link)
{
	if (!link->open)
		return;
	link->open = false;
	hostRelease();
}

void xs_link_release(xs_link *link)
{
	if (atomic_fetch_sub(&link->references, 1) == 1)
		link->dispose(link);
}

bool xs_option(xsMachine *the, xsSlot *out, xsSlot *from, const char *name)
{
	xsmcGet(*out, *from, xsID((char *)name));
	xsType type = xsmcTypeOf(*out);
	return type != xsUndefinedType && type != xsNullType;
}

void xs_text_option(xsMachine *the, xsSlot *from, const char *name, char *out, size_t size)
{
	xsSlot value;

	if (!xs_option(the, &value, from, name))
		xsTypeError("no %s", name);
	if (strlen(xsmcToString(value)) >= size)
		xsRangeError("%s is too long", name);
	xsmcToStringBuffer(value, out, size);
}

int64_t xs_integer_option(xsMachine *the, xsSlot *from, const char *name, int64_t fallback,
						  int64_t min, int64_t max)
{
	xsSlot value;

	if (!xs_option(the, &value, from, name))
		return fallback;
	double number = xsmcToNumber(value);
	if (!(number >= (double)min && number <= (double)max))
		xsRangeError("%s is out of range", name);
	return (int64_t)number;
}

bool xs_boolean_option(xsMachine *the, xsSlot *from, const char *name, bool fallback)
{
	xsSlot value;

	return xs_option(the, &value, from, name) ? xsmcTest(value) : fallback;
}

void xs_set_number(xsMachine *the, xsSlot *to, const char *name, double value)
{
	xsSlot slot;

	xsmcSetNumber(slot, value);
	xsmcSet(*to, xsID((char *)name), slot); /* a number: nothing that a collection could move */
}

void xs_set_text(xsMachine *the, xsSlot *to, const char *name, const char *value)
{
	xsIdentifier id = xsID((char *)name); /* before the text, of which a collection knows nothing */
	xsSlot slot;

	xsmcSetString(slot, (char *)value);
	xsmcSet(*to, id, slot);
}

void xs_throw(xsMachine *the, const char *message)
{
	xsmcVars(1);
	xsmcSetString(xsVar(0), (char *)message);
	xsResult = xsNew1(xsGlobal, xsID("Error"), xsVar(0));
	xsThrow(xsResult);
}
