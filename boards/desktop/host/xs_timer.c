/* The module timer (sdk/modules/base/timer.ts), with the semantics of Moddable's. */

#include "loop.h"

static host_timer *timer_of(xsMachine *the)
{
	host_timer *timer = xsGetHostData(xsArg(0));
	if (timer == NULL)
		xsUnknownError("the timer is over");
	return timer;
}

static int32_t milliseconds(xsMachine *the, xsIntegerValue index)
{
	double value = 0;
	if (xsToInteger(xsArgc) > index && xsTypeOf(xsArg(index)) != xsUndefinedType)
		value = xsToNumber(xsArg(index));
	if (!(value >= 0))
		return 0;
	return value < INT32_MAX ? (int32_t)value : INT32_MAX;
}

static host_timer *create(xsMachine *the)
{
	host_timer *timer;
	if (!xsIsCallable(xsArg(0)))
		xsTypeError("a timer needs a callback function");
	xsResult = xsNewHostObject(NULL);
	timer = host_timer_create();
	if (timer == NULL)
		xsUnknownError("no memory for a timer");
	timer->self = xsResult;
	timer->callback = xsArg(0);
	xsRemember(timer->self);
	xsRemember(timer->callback);
	xsSetHostData(xsResult, timer);
	return timer;
}

void xs_timer_set(xsMachine *the)
{
	host_timer *timer = create(the);
	host_timer_schedule(timer, milliseconds(the, 1), milliseconds(the, 2));
}

void xs_timer_repeat(xsMachine *the)
{
	host_timer *timer = create(the);
	int32_t interval = milliseconds(the, 1);
	host_timer_schedule(timer, interval, interval > 0 ? interval : 1);
}

/* Without an interval the timer stays, unscheduled. */
void xs_timer_schedule(xsMachine *the)
{
	host_timer *timer = timer_of(the);
	if (xsToInteger(xsArgc) < 2 || xsTypeOf(xsArg(1)) == xsUndefinedType) {
		timer->scheduled = false;
		timer->kept = true;
		return;
	}
	host_timer_schedule(timer, milliseconds(the, 1), milliseconds(the, 2));
}

void xs_timer_clear(xsMachine *the)
{
	host_timer *timer;
	xsType type = xsTypeOf(xsArg(0));
	if (type == xsUndefinedType || type == xsNullType)
		return;
	timer = xsGetHostData(xsArg(0));
	if (timer == NULL)
		return;
	xsSetHostData(xsArg(0), NULL);
	host_timer_remove(the, timer);
}
