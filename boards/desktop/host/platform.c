/* What the engine asks of its platform, except for modules (modules.c) and aborts (report.c). */

#include "xsAll.h"

#include "host.h"

void fxCreateMachinePlatform(txMachine *the)
{
	the->host = the->context;
}

void fxDeleteMachinePlatform(txMachine *the)
{
	(void)the;
}

/*
 * Flash is as large as it must be. The app's memory has the limit its manifest gives
 * (creation.static). XS keeps no count of bytes for slots and chunks together, so they are counted
 * as they are handed out; XS gives nothing back before the machine ends.
 */
static void *allocate(txMachine *the, size_t bytes)
{
	host *host = the->host;
	bool counted = host != NULL && !host->preloading;
	void *memory;
	if (counted && host->app.creation.staticSize > 0 &&
		host->heap_bytes + bytes > (size_t)host->app.creation.staticSize)
		return NULL;
	memory = malloc(bytes);
	if (counted && memory != NULL)
		host->heap_bytes += bytes;
	return memory;
}

void *fxAllocateChunks(txMachine *the, txSize size)
{
	return allocate(the, (size_t)size);
}

void fxFreeChunks(txMachine *the, void *chunks)
{
	(void)the;
	free(chunks);
}

txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	return allocate(the, (size_t)count * sizeof(txSlot));
}

void fxFreeSlots(txMachine *the, void *slots)
{
	(void)the;
	free(slots);
}

void fxQueuePromiseJobs(txMachine *the)
{
	if (the->host != NULL)
		the->host->promise_jobs = true;
}

#if mxLinux
#undef pthread_getattr_np

/* Of the thread that calls, whose stack stays where it is. */
int host_thread_attributes(pthread_t thread, pthread_attr_t *attributes)
{
	static _Thread_local void *stack;
	static _Thread_local size_t size;
	if (stack == NULL) {
		int failed = pthread_getattr_np(thread, attributes);
		if (failed != 0)
			return failed;
		return pthread_attr_getstack(attributes, &stack, &size);
	}
	return pthread_attr_setstack(attributes, stack, size);
}
#endif

/* mxDebug is on for its line numbers; there is no debugger to talk to. */

void fxConnect(txMachine *the)
{
	(void)the;
}

void fxDisconnect(txMachine *the)
{
	(void)the;
}

txBoolean fxIsConnected(txMachine *the)
{
	(void)the;
	return 0;
}

txBoolean fxIsReadable(txMachine *the)
{
	(void)the;
	return 0;
}

void fxReceive(txMachine *the)
{
	(void)the;
}

void fxSend(txMachine *the, txBoolean more)
{
	(void)the;
	(void)more;
}
