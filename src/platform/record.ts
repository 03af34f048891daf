/**
 * Maps that read as objects. XS never frees a property name, so a name that a peer has chosen must
 * not become one: the map is asked instead.
 */

interface Target {
	readonly map: ReadonlyMap<string, unknown>;
}

/** One for all of them: functions of each would be closures, ten slots of XS's heap apiece. */
const HANDLER: ProxyHandler<Target> = Object.freeze({
	get: (target: Target, key: string | symbol) =>
		typeof key === "string" ? target.map.get(key) : undefined,
	has: ({ map }: Target, key: string | symbol) => typeof key === "string" && map.has(key),
	ownKeys: ({ map }: Target) => Array.from(map.keys()),
	getOwnPropertyDescriptor(target: Target, key: string | symbol) {
		if (typeof key !== "string" || !target.map.has(key)) return undefined;
		return { value: target.map.get(key), enumerable: true, configurable: true };
	},
	set: () => false,
});

/**
 * An object with the map's entries as its read-only properties. Read those whose names you know:
 * to list them (Object.keys, for-in, JSON) makes names of what is in the map.
 */
export function recordOf<V>(map: ReadonlyMap<string, V>): Readonly<Record<string, V>> {
	return new Proxy({ map }, HANDLER) as unknown as Record<string, V>;
}

/** The other way, for what an app hands over. */
export function mapOf(
	record: Readonly<Record<string, string>> | undefined,
): ReadonlyMap<string, string> | undefined {
	return record && new Map(Object.entries(record));
}
