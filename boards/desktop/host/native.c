/* The door from JavaScript to C: the globals `native`, `Native` and `trace`. */

#include "xsAll.h"

#include <dlfcn.h>

#include "host.h"

/*
 * C symbols by name. On a device the linker decides which exist; here the program exports its own,
 * and only names that begin as bindings do are served, so that no script calls into the C library.
 */
static void *find_symbol(xsMachine *the, const char *name)
{
	void *symbol = strncmp(name, "xs_", 3) == 0 ? dlsym(RTLD_DEFAULT, name) : NULL;
	if (symbol == NULL)
		xsReferenceError("no native \"%s\": its C source is not in this host", name);
	return symbol;
}

/*
 * On a device the linker makes a host function of each name that a module gives to native(), in
 * flash. So here; a symbol that is not there is missed when somebody asks for it.
 */
void host_flash_native(xsMachine *machine, const char *name)
{
	host *host = host_of(machine);
	void *symbol = dlsym(RTLD_DEFAULT, name);
	xsCallback callback;
	if (symbol == NULL)
		return;
	memcpy(&callback, &symbol, sizeof(callback));
	xsBeginHost(machine);
	{
		xsVars(2);
		if (host->flash_natives.kind == xsUndefinedType) {
			host->flash_natives = xsNewObject();
			xsRemember(host->flash_natives);
		}
		xsVar(0) = xsAccess(host->flash_natives);
		xsVar(1) = xsNewHostFunction(callback, 0);
		xsSet(xsVar(0), xsID((char *)name), xsVar(1));
	}
	xsEndHost(machine);
}

/** native(name): the host function of that C name; one of a name made at run time is a new one. */
static void host_native(xsMachine *the)
{
	host *host = host_of(the);
	xsIdentifier id = xsToID(xsArg(0));
	xsVars(1);
	if (host->preloading)
		xsUnknownError("native \"%s\" in a preload: a device runs preloads when it is built",
					   xsToString(xsArg(0)));
	xsVar(0) = xsAccess(host->flash_natives);
	if (xsTypeOf(xsVar(0)) == xsReferenceType)
		xsResult = xsGet(xsVar(0), id);
	if (xsTypeOf(xsResult) == xsUndefinedType) {
		void *symbol = find_symbol(the, xsToString(xsArg(0)));
		xsCallback callback;
		memcpy(&callback, &symbol, sizeof(callback));
		xsResult = xsNewHostFunction(callback, 0);
	}
}

/* super() of a class that extends Native(name): an object that C can hang its data on. */
static void construct(xsMachine *the)
{
	txSlot *instance;
	void *symbol;
	txDestructor destructor;
	if (xsTypeOf(xsTarget) == xsUndefinedType)
		xsTypeError("a native class needs new");
	xsVars(2);
	xsVar(0) = xsGet(xsFunction, xsID("destructor"));
	xsVar(1) = xsGet(xsTarget, xsID("prototype"));
	symbol = find_symbol(the, xsToString(xsVar(0)));
	memcpy(&destructor, &symbol, sizeof(destructor));
	instance = fxNewHostObject(the, destructor);
	instance->value.instance.prototype = fxToInstance(the, &xsVar(1));
	xsResult = *the->stack++;
}

/** Native(name): a class for `extends`; `name` is the C destructor of its instances' data. */
static void host_Native(xsMachine *the)
{
	/* Looked up by construct(), so that a module whose C part is absent can still be imported. */
	xsVars(1);
	xsVar(0) = xsNewObject();
	xsResult = xsNewHostConstructor(construct, 0, xsVar(0));
	xsDefine(xsResult, xsID("destructor"), xsArg(0), xsDontEnum | xsDontSet | xsDontDelete);
}

/** trace(...values): their texts to stdout, as they are, at once. */
static void host_trace(xsMachine *the)
{
	xsIntegerValue count = xsToInteger(xsArgc);
	xsIntegerValue i;
	for (i = 0; i < count; i++)
		fputs(xsToString(xsArg(i)), stdout);
	fflush(stdout);
}

void host_install_state(xsMachine *machine)
{
	host *host = host_of(machine);
	xsBeginHost(machine);
	{
		host->on_terminate = xsUndefined;
		xsRemember(host->on_terminate);
	}
	xsEndHost(machine);
}

void host_install_globals(xsMachine *machine)
{
	xsBeginHost(machine);
	{
		xsVars(1);
		xsVar(0) = xsNewHostFunction(host_native, 1);
		xsDefine(xsGlobal, xsID("native"), xsVar(0), xsDontEnum);
		xsVar(0) = xsNewHostFunction(host_Native, 1);
		xsDefine(xsGlobal, xsID("Native"), xsVar(0), xsDontEnum);
		xsVar(0) = xsNewHostFunction(host_trace, 1);
		xsDefine(xsGlobal, xsID("trace"), xsVar(0), xsDontEnum);
	}
	xsEndHost(machine);
}
