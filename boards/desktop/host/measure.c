/*
 * What an app's modules cost a device's flash, by the machine that stands for it (flash.c). The
 * SDK's linker keeps of a preload what is left when it has run: the bytecode of each function that
 * can still be called, and objects, which are not counted here. Of other modules it keeps all
 * bytecode. A function that only hands its arguments to native code has none: the SDK's compiler
 * puts that code in its place.
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

/* Whether this function is native("…").call(this, …) with all of its parameters, and nothing else.
 */
static bool is_native(txMachine *the, txByte *code, size_t size)
{
	txByte *p = code;
	int parameters = (txU1)code[1];
	int locals = 0;
	int calls = 0;
	int arguments = 0;
	bool is_native = false;
	if ((txU1)*p != XS_CODE_BEGIN_STRICT)
		return false;
	for (p += 2; p < code + size; p += host_instruction_size(p)) {
		txByte *operand = p + 1;
		txID id;
		switch ((txU1)*p) {
		case XS_CODE_PROGRAM_REFERENCE:
			mxDecodeID(operand, id);
			is_native = strcmp(fxGetKeyName(the, id), "native") == 0;
			break;
		case XS_CODE_CALL:
			calls++;
			break;
		case XS_CODE_GET_LOCAL_1:
			if ((txU1)*operand != ++locals)
				return false;
			break;
		case XS_CODE_RUN_1:
		case XS_CODE_RUN_TAIL_1:
			arguments = (txU1)*operand;
			break;
		case XS_CODE_RESERVE_1:
		case XS_CODE_NEW_LOCAL:
		case XS_CODE_ARGUMENT:
		case XS_CODE_VAR_LOCAL_1:
		case XS_CODE_POP:
		case XS_CODE_UNDEFINED:
		case XS_CODE_GET_THIS_VARIABLE:
		case XS_CODE_STRING_1:
		case XS_CODE_DUB:
		case XS_CODE_GET_PROPERTY:
		case XS_CODE_THIS:
		case XS_CODE_SET_RESULT:
		case XS_CODE_END:
			break;
		default:
			return false;
		}
	}
	return is_native && calls == 2 && locals == parameters && arguments == parameters + 1;
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
		if (inside > 0 && take_function(the, p, inside) && !is_native(the, p, inside))
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
