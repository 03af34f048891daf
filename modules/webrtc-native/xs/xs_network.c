/* NetworkLink of device.ts: the port's news of addresses, for JavaScript. */
#include "../core/port.h"
#include "../port/link.h"
#include "xs_support.h"

typedef struct {
	xs_link link;
	port_link_watcher watcher;
	bool watching;
} network_object;

static void on_change(void *context)
{
	xs_link_post(&((network_object *)context)->link);
}

static void deliver(xs_link *link)
{
	xsBeginHost(link->the);
	xsmcVars(1);
	xsmcSetBoolean(xsVar(0), port_link_up());
	xsmcCall_noResult(link->options, xsID("onChange"), &xsVar(0), NULL);
	xsEndHost(link->the);
}

static void stop(network_object *object)
{
	if (object->watching)
		port_link_unwatch(&object->watcher);
	object->watching = false;
}

static void dispose(xs_link *link)
{
	port_free(link);
}

void xs_network_destructor(void *data)
{
	network_object *object = data;

	if (!object)
		return;
	stop(object);
	xs_link_abandon(&object->link);
	xs_link_release(&object->link);
}

void xs_network(xsMachine *the)
{
	network_object *object = port_alloc(sizeof(*object), PORT_INTERNAL, PORT_BINDING);

	if (!object)
		xs_throw(the, "no memory to watch the network");
	object->link.deliver = deliver;
	object->link.dispose = dispose;
	object->watcher = (port_link_watcher){.on_change = on_change, .context = object};
	xs_link_open(the, &object->link, &xsThis, &xsArg(0));
	xsmcSetHostData(xsThis, object);
	object->watching = port_link_watch(&object->watcher) == 0;
	if (!object->watching) {
		xs_link_close(&object->link);
		xs_throw(the, "the system does not tell of changes of the network");
	}
}

void xs_network_get_up(xsMachine *the)
{
	xsmcSetBoolean(xsResult, port_link_up());
}

void xs_network_close(xsMachine *the)
{
	network_object *object = xsmcGetHostDataValidate(xsThis, (void *)xs_network_destructor);

	if (!object)
		return;
	stop(object);
	xs_link_close(&object->link);
}
