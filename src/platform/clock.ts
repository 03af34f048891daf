import Time from "time";

/** Milliseconds since some moment before the start; never goes back. Native events use this clock too. */
export function now(): number {
	return Time.microseconds / 1000;
}
