/* A native class and functions for native.test.ts, as a binding would write them. */

#include <pthread.h>
#include <stdlib.h>

#include "host_hold.h"
#include "xsHost.h"
#include "xsmc.h"

typedef struct {
	xsMachine *the;
	xsSlot on_event;
	int value;
	pthread_t thread;
	int threaded;
} fixture;

static int destroyed;

void xs_fixture_destructor(void *data)
{
	fixture *fixture = data;
	if (fixture == NULL)
		return;
	destroyed++;
	if (fixture->threaded) {
		pthread_join(fixture->thread, NULL);
		hostRelease();
	}
	free(fixture);
}

static void mark(xsMachine *the, void *data, xsMarkRoot mark_root)
{
	fixture *fixture = data;
	if (fixture != NULL)
		(*mark_root)(the, &fixture->on_event);
}

static const xsHostHooks hooks = {xs_fixture_destructor, mark, NULL};

void xs_fixture(xsMachine *the)
{
	fixture *fixture = calloc(1, sizeof(*fixture));
	if (fixture == NULL)
		xsUnknownError("no memory");
	fixture->the = the;
	fixture->value = xsmcToInteger(xsArg(0));
	xsmcSetHostData(xsThis, fixture);
	xsSetHostHooks(xsThis, &hooks);
}

void xs_fixture_get_value(xsMachine *the)
{
	fixture *fixture = xsmcGetHostData(xsThis);
	xsmcSetInteger(xsResult, fixture->value);
}

void xs_fixture_close(xsMachine *the)
{
	fixture *fixture = xsmcGetHostData(xsThis);
	if (fixture == NULL)
		return;
	xsmcSetHostData(xsThis, NULL);
	xs_fixture_destructor(fixture);
}

void xs_fixture_destroyed(xsMachine *the)
{
	xsmcSetInteger(xsResult, destroyed);
}

static void deliver(void *machine, void *refcon, uint8_t *message, uint16_t length)
{
	fixture *fixture = refcon;
	xsBeginHost(machine);
	{
		xsmcVars(2);
		xsmcSetStringBuffer(xsVar(0), (char *)message, length);
		xsVar(1) = fixture->on_event;
		xsCallFunction1(xsVar(1), xsUndefined, xsVar(0));
	}
	xsEndHost(machine);
}

static void *post_many(void *context)
{
	fixture *fixture = context;
	int i;
	for (i = 0; i < fixture->value; i++) {
		uint8_t text = (uint8_t)('a' + i);
		while (modMessagePostToMachine(fixture->the, &text, 1, deliver, fixture) != 0)
			;
	}
	return NULL;
}

/** start(onEvent): `value` messages from another thread. */
void xs_fixture_start(xsMachine *the)
{
	fixture *fixture = xsmcGetHostData(xsThis);
	fixture->on_event = xsArg(0);
	fixture->threaded = 1;
	hostHold();
	if (pthread_create(&fixture->thread, NULL, post_many, fixture) != 0)
		xsUnknownError("no thread");
}

static void count(void *machine, void *refcon, uint8_t *message, uint16_t length)
{
	(void)machine;
	(void)message;
	(void)length;
	++*(int *)refcon;
}

static int counted;

/** How many messages the queue takes before it is full. */
void xs_fixture_fill(xsMachine *the)
{
	int taken = 0;
	while (modMessagePostToMachine(the, NULL, 0, count, &counted) == 0)
		taken++;
	xsmcSetInteger(xsResult, taken);
}

void xs_fixture_counted(xsMachine *the)
{
	xsmcSetInteger(xsResult, counted);
}
