/*
 * What an app's modules cost a device's flash, by the machine that stands for it (flash.c). The
 * SDK's linker keeps of a preload what is left when it has run: the bytecode of each function that
 * can still be called, and objects, which are not counted here. Of other modules it keeps all
 * bytecode.
 */

#include "xsAll.h"

#include "xsScript.h"

#include "host.h"

#define DEVICE_KEY 2       /* bytes of a key in bytecode; here it may have four */
#define LINKER_ALIGNMENT 8 /* of a function's bytecode: the linker is a 64-bit program */

static size_t aligned(size_t size)
{
	return (size + LINKER_ALIGNMENT - 1) & ~(size_t)(LINKER_ALIGNMENT - 1);
}

static size_t chunk_size(const txByte *data)
{
	return (size_t)((const txChunk *)(const void *)data - 1)->size - sizeof(txChunk);
}

/* Takes one function with this bytecode out of the machine; false when there is none. */
static bool take_function(txMachine *the, const txByte *code, size_t size)
{
	txSlot *heap;
	for (heap = the->firstHeap; heap != NULL; heap = heap->next) {
		txSlot *slot = heap + 1;
		for (; slot < heap->value.reference; slot++) {
			if (slot->kind != XS_CODE_KIND ||
				aligned(chunk_size(slot->value.code.address)) != aligned(size) ||
				memcmp(slot->value.code.address, code, size) != 0)
				continue;
			slot->kind = XS_UNDEFINED_KIND;
			return true;
		}
	}
	return false;
}

/* Bytes of this bytecode with a device's keys. */
static size_t device_size(txByte *code, size_t size)
{
	txByte *p = code;
	size_t total = 0;
	for (; p < code + size; p += host_instruction_size(p))
		total += host_has_key(p) ? 1 + DEVICE_KEY : host_instruction_size(p);
	return total;
}

/* Of the functions in a preload's bytecode, each with those inside it: those that are left. */
static size_t left_of(txMachine *the, const txScript *script)
{
	txByte *p = script->codeBuffer;
	txByte *end = p + script->codeSize;
	size_t total = 0;
	while (p < end) {
		size_t inside = host_nested_size(p);
		p += host_instruction_size(p);
		if (inside > 0 && take_function(the, p, inside))
			total += aligned(device_size(p, inside));
	}
	return total;
}

void host_measure(xsMachine *the)
{
	const host_app *app = &host_of(the)->app;
	size_t i;
	for (i = 0; i < app->module_count; i++) {
		const host_module *module = &app->modules[i];
		const txScript *script = module->script;
		size_t size;
		if (script == NULL)
			continue;
		size = host_is_preload(app, module)
				   ? left_of(the, script)
				   : device_size(script->codeBuffer, (size_t)script->codeSize);
		printf("%s\t%s\t%zu\n", module->name, module->source, size);
	}
}
