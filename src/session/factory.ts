/** Sessions of one room, with what they share. */

import { loadIdentity } from "./identity";
import { native } from "./parts";
import { Session } from "./Session";
import type { SessionOptions } from "./types";

/**
 * Makes sessions that share one identity, which begins to load now: by the time of connect() it is
 * there, even on a device's first start, when it takes a second to make.
 */
export function sessionFactory(this: unknown): (options: SessionOptions) => Session {
	const identity = loadIdentity();
	identity.catch(() => {}); // each session tries again
	const parts = { ...native, loadIdentity: () => identity.catch(() => loadIdentity()) };
	return (options) => new Session(options, parts);
}
