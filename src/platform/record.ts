/**
 * Maps that read as objects. XS never frees a property name, so a name that a peer has chosen must
 * not become one: the map is asked instead.
 */

/**
 * An object with the map's entries as its read-only properties. Read those whose names you know:
 * to list them (Object.keys, for-in, JSON) makes names of what is in the map.
 */
export function recordOf<V>(map: ReadonlyMap<string, V>): Readonly<Record<string, V>> {
	const at = (key: string | symbol) => (typeof key === "string" ? map.get(key) : undefined);
	const has = (key: string | symbol) => typeof key === "string" && map.has(key);
	return new Proxy<Record<string, V>>(
		{},
		{
			get: (_target, key) => at(key),
			has: (_target, key) => has(key),
			ownKeys: () => [...map.keys()],
			getOwnPropertyDescriptor: (_target, key) => {
				if (!has(key)) return undefined;
				return { value: at(key), enumerable: true, configurable: true };
			},
			set: () => false,
		},
	);
}

/** The other way, for what an app hands over. */
export function mapOf(
	record: Readonly<Record<string, string>> | undefined,
): ReadonlyMap<string, string> | undefined {
	return record && new Map(Object.entries(record));
}
