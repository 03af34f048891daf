/**
 * What a device has in flash cannot be written there: the engine's own objects, and classes and
 * functions of preloaded modules. The host freezes them here too, after the preloads have run, so
 * that code which would throw on a device throws on the desktop. (Other preloaded objects stay
 * writable on a device as well; Maps and typed arrays there do not, which this cannot show.)
 */

function freezeClass(value: unknown): void {
	if (typeof value !== "function") return;
	Object.freeze(value);
	Object.freeze(value.prototype);
}

export default function freezeFlash(namespaces: Record<string, unknown>[]): void {
	for (const name of Object.getOwnPropertyNames(globalThis))
		freezeClass(Reflect.get(globalThis, name));
	for (const namespace of namespaces) Object.values(namespace).forEach(freezeClass);
}
