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
 * The app's memory has the limit its manifest gives (creation.static). XS keeps no count of bytes
 * for slots and chunks together, so they are counted as they are handed out; XS gives nothing back
 * before the machine ends.
 */
static void *allocate(txMachine *the, size_t bytes)
{
	host *host = the->host;
	void *memory;
	if (host != NULL && host->app.creation.staticSize > 0 &&
		host->heap_bytes + bytes > (size_t)host->app.creation.staticSize)
		return NULL;
	memory = malloc(bytes);
	if (host != NULL && memory != NULL)
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
