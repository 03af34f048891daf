/**
 * What an app finds in the place of a part that its manifest left out: the names are there, and using
 * them throws UnsupportedError, which says what to include. What others send to the part is dropped.
 */

import { UnsupportedError } from "../platform/UnsupportedError";

/** What others see of a class. */
export type Public<Class> = Pick<Class, keyof Class>;

/** `manifest`: the part's, in the library's folder. */
export function absent(this: unknown, what: string, manifest: string): UnsupportedError {
	return new UnsupportedError(`this app was built without ${what}: include ${manifest}`);
}
