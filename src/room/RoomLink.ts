/** What participants and publications reach of the room they are in. */

import type { SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { RoomEvents } from "./events";

export interface RoomLink {
	/** Emits on the room when it is connected; what changes before is the room's first state, not news. */
	announce<K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]): void;
	/** The connect() option: whether new tracks are wanted. */
	readonly autoSubscribe: boolean;
	/** False: the server is not there to hear it. */
	send(request: Init<SignalRequest>): boolean;
}
