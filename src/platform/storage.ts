import Preference from "preference";

/** One domain for the library: names are at most 15 characters, as flash settings ask for. */
const DOMAIN = "livekit";

/** What save() stored under `name`, on an earlier run too; undefined when there is nothing. */
export function load(name: string): ArrayBuffer | undefined {
	const value = Preference.get(DOMAIN, name);
	return value instanceof ArrayBuffer ? value : undefined;
}

/** Keeps up to some 4,000 bytes across restarts. */
export function save(name: string, value: ArrayBuffer): void {
	Preference.set(DOMAIN, name, value);
}

export function forget(name: string): void {
	Preference.delete(DOMAIN, name);
}
