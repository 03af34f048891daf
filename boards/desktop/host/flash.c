/*
 * What a device has in flash: the engine's own objects, bytecode, and whatever the preloads made.
 * On a device the SDK's linker writes it; here a machine runs the preloads, is made read-only and
 * shared, and the app runs in a clone of it, whose heap holds the app alone.
 *
 * The clone reads the flash's slots where they are. What it may change (bindings made with `let`,
 * arrays, objects that are not frozen) it changes in copies of its own, the engine's aliases.
 * Functions, classes and their prototypes, Maps, Sets, weak collections, buffers and regular
 * expressions refuse, as on a device.
 */

#include "xsAll.h"

#include "host.h"

/* Calls `visit` with each slot of the heap. */
static void each_slot(txMachine *the, void (*visit)(txSlot *slot))
{
	txSlot *heap;
	for (heap = the->firstHeap; heap != NULL; heap = heap->next) {
		txSlot *slot = heap + 1;
		for (; slot < heap->value.reference; slot++)
			visit(slot);
	}
}

static void freeze_property(txSlot *property)
{
	txSlot *member;
	property->flag |= XS_DONT_DELETE_FLAG;
	if (property->kind != XS_ACCESSOR_KIND)
		property->flag |= XS_DONT_SET_FLAG;
	if (property->kind == XS_PRIVATE_KIND) {
		for (member = property->value.private.first; member != NULL; member = member->next) {
			if (member->kind != XS_ACCESSOR_KIND)
				member->flag |= XS_DONT_SET_FLAG;
		}
	}
}

static void freeze_instance(txSlot *instance)
{
	txSlot *property;
	instance->flag |= XS_DONT_PATCH_FLAG;
	for (property = instance->next; property != NULL; property = property->next)
		freeze_property(property);
}

/* Objects that the engine cannot alias: the linker freezes them whatever the module did. */
static bool cannot_be_aliased(const txSlot *instance)
{
	const txSlot *first = instance->next;
	if (first == NULL || !(first->flag & XS_INTERNAL_FLAG))
		return false;
	switch (first->kind) {
	case XS_CALLBACK_KIND:
	case XS_CALLBACK_X_KIND:
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
	case XS_MAP_KIND:
	case XS_SET_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
	case XS_WEAK_REF_KIND:
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_PROMISE_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
		return true;
	default:
		return false;
	}
}

/* Those, and the prototypes that functions give to instances. */
static void freeze(txSlot *slot)
{
	txSlot *property;
	if (slot->kind != XS_INSTANCE_KIND || !cannot_be_aliased(slot))
		return;
	freeze_instance(slot);
	if (!(slot->flag & XS_CAN_CONSTRUCT_FLAG))
		return;
	for (property = slot->next; property != NULL; property = property->next) {
		if (property->ID == mxID(_prototype) && property->kind == XS_REFERENCE_KIND)
			freeze_instance(property->value.reference);
	}
}

/* The engine's own: prototypes that have no constructor, Math and the like. */
static void freeze_intrinsics(txMachine *the)
{
	txID i;
	for (i = mxInstanceInspectorsStackIndex + 1; i < mxEmptyCodeStackIndex; i++) {
		txSlot *slot = the->stackTop - 1 - i;
		if (slot->kind == XS_REFERENCE_KIND)
			freeze_instance(slot->value.reference);
	}
}

/* The kinds of slots whose bytes are in a chunk, as those whose bytes are elsewhere: a clone's
 * garbage collector moves chunks. */
static void retag(txSlot *slot)
{
	switch (slot->kind) {
	case XS_STRING_KIND:
		slot->kind = XS_STRING_X_KIND;
		break;
	case XS_KEY_KIND:
		slot->kind = XS_KEY_X_KIND;
		break;
	case XS_CODE_KIND:
		slot->kind = XS_CODE_X_KIND;
		break;
	case XS_BIGINT_KIND:
		slot->kind = XS_BIGINT_X_KIND;
		break;
	default:
		break;
	}
}

static void seal(txSlot *slot)
{
	txChunk *chunk;
	txSlot *item;
	retag(slot);
	switch (slot->kind) {
	case XS_MAP_KIND:
	case XS_SET_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
	case XS_ARRAY_BUFFER_KIND:
		slot->flag |= XS_DONT_SET_FLAG;
		break;
	case XS_ARRAY_KIND:
		if (slot->value.array.address == NULL)
			break;
		chunk = (txChunk *)slot->value.array.address - 1;
		for (item = slot->value.array.address; (txByte *)item < (txByte *)chunk + chunk->size;
			 item++)
			retag(item);
		break;
	default:
		break;
	}
}

/*
 * Chunks without a kind of their own (a regular expression's code, an alias's buffer): when a
 * clone's collector follows one, it finds that the chunk has moved to where it is.
 */
static void pin_chunks(txMachine *the)
{
	txBlock *block;
	for (block = the->firstBlock; block != NULL; block = block->nextBlock) {
		txByte *at = (txByte *)block + sizeof(txBlock);
		while (at < block->current) {
			txChunk *chunk = (txChunk *)at;
			at = chunk->temporary;
			chunk->temporary = (txByte *)chunk;
		}
	}
}

static void run_preloads(xsMachine *machine)
{
	host *host = host_of(machine);
	xsBeginHost(machine);
	{
		size_t i;
		xsVars(1);
		for (i = 0; i < host->app.preload_count; i++)
			xsVar(0) = xsAwaitImport(host->app.preload[i], XS_IMPORT_NAMESPACE);
	}
	xsEndHost(machine);
	while (host->promise_jobs) {
		host->promise_jobs = false;
		fxRunPromiseJobs(machine);
	}
	fxCheckUnhandledRejections(machine, 1);
}

void host_flash(xsMachine *the)
{
	host_app *app = &host_of(the)->app;
	txSlot *slot;
	size_t i;
	host_install_globals(the);
	for (i = 0; i < app->module_count; i++)
		host_compile(the, &app->modules[i]);
	run_preloads(the);
	fxCollectGarbage(the);
	if (host_of(the)->measuring) {
		host_measure(the);
		return;
	}
	each_slot(the, freeze);
	freeze_intrinsics(the);
	fxShareMachine(the);
	each_slot(the, seal);
	for (slot = the->stack; slot < the->stackTop; slot++)
		retag(slot);
	pin_chunks(the);
}
