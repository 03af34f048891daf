/** Moddable's settings storage, in one file under the host's state directory (only the user reads it). */

type Value = string | boolean | number | ArrayBuffer;
/** As JSON: itself, or a buffer's bytes. */
type Stored = string | boolean | number | { bytes: number[] };
type Domains = Record<string, Record<string, Stored>>;

function read(): Domains {
	return JSON.parse(native("xs_preference_read").call(undefined) ?? "{}");
}

const Preference = {
	set(domain: string, key: string, value: Value): void {
		const domains = read();
		domains[domain] ??= {};
		domains[domain][key] =
			value instanceof ArrayBuffer ? { bytes: Array.from(new Uint8Array(value)) } : value;
		native("xs_preference_write").call(undefined, JSON.stringify(domains));
	},
	get(domain: string, key: string): Value | undefined {
		const stored = read()[domain]?.[key];
		return typeof stored === "object" ? Uint8Array.from(stored.bytes).buffer : stored;
	},
	delete(domain: string, key: string): void {
		const domains = read();
		if (domains[domain]?.[key] === undefined) return;
		delete domains[domain][key];
		native("xs_preference_write").call(undefined, JSON.stringify(domains));
	},
	keys(domain: string): string[] {
		return Object.keys(read()[domain] ?? {});
	},
};

export default Object.freeze(Preference);
