#include "xs_support.h"

#include <string.h>

#include "host_hold.h"

/* The links that want to be delivered. There is one machine. */
static mailbox waiting;

static xs_link *link_of(mailbox_item *item)
{
	return (xs_link *)((char *)item - offsetof(xs_link, item));
}

static void deliver_all(void *the, void *refcon, uint8_t *message, uint16_t length)
{
	mailbox_item *item = mailbox_take(&waiting);

	(void)the, (void)refcon, (void)message, (void)length;
	while (item) {
		xs_link *link = link_of(item);
		item = item->next;
		mailbox_see(&link->item);
		if (link->open)
			link->deliver(link);
		xs_link_release(link);
	}
}

void xs_link_open(xsMachine *the, xs_link *link, xsSlot *self, xsSlot *options)
{
	link->the = the;
	link->self = *self;
	link->options = *options;
	link->open = true;
	link->held = false;
	atomic_init(&link->references, 1);
	xs_link_hold(link);
}

void xs_link_hold(xs_link *link)
{
	xsMachine *the = link->the;

	if (!link->open || link->held)
		return;
	link->held = true;
	xsRemember(link->self);
	xsRemember(link->options);
	hostHold();
}

void xs_link_rest(xs_link *link)
{
	xsMachine *the = link->the;

	if (!link->held)
		return;
	link->held = false;
	xsForget(link->self);
	xsForget(link->options);
	hostRelease();
}

void xs_link_post(xs_link *link)
{
	atomic_fetch_add(&link->references, 1);
	if (!mailbox_add(&waiting, &link->item))
		atomic_fetch_sub(&link->references, 1); /* never the last: the caller has one */
	/* Should the app have filled the queue, the next event tries again. */
	if (mailbox_must_post(&waiting) &&
		modMessagePostToMachine(link->the, NULL, 0, deliver_all, NULL) != 0)
		mailbox_not_posted(&waiting);
}

void xs_link_close(xs_link *link)
{
	xs_link_rest(link);
	link->open = false;
}

void xs_link_abandon(xs_link *link)
{
	link->open = false;
	if (!link->held)
		return;
	link->held = false;
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

void xs_make_room(xsMachine *the, port_subsystem subsystem, size_t most, size_t next)
{
	port_memory_usage usage = port_memory_of(subsystem);

	if (usage.current > most || usage.current >= usage.budget ||
		usage.budget - usage.current < next)
		xsCollectGarbage();
}

void xs_throw(xsMachine *the, const char *message)
{
	xsmcVars(1);
	xsmcSetString(xsVar(0), (char *)message);
	xsResult = xsNew1(xsGlobal, xsID("Error"), xsVar(0));
	xsThrow(xsResult);
}
