/** Sessions of one room, with what they share. */

import type { Identity } from "webrtc-native/webrtc";
import { loadIdentity } from "./identity";
import { NativeParts } from "./parts";
import { Session } from "./Session";
import type { SessionOptions } from "./types";

/** An identity that begins to load now: by the time of connect() it is there, even when it must be made. */
class SharedParts extends NativeParts {
	readonly #identity = loadIdentity();

	constructor() {
		super();
		this.#identity.catch(ignore);
	}

	/** When it could not be loaded, each session tries again. */
	override loadIdentity(): Promise<Identity> {
		return this.#identity.catch(loadIdentity);
	}
}

function ignore(this: unknown): void {}

/**
 * Makes sessions that share one identity; making one takes a device a second, on its first start.
 */
export function sessionFactory(this: unknown): (options: SessionOptions) => Session {
	const parts = new SharedParts();
	return (options) => new Session(options, parts);
}
