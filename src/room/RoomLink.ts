/** What participants and publications reach of the room they are in. */

import type { SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { Announce } from "./events";

export interface RoomLink {
	readonly announce: Announce;
	/** The connect() option: whether new tracks are wanted. */
	readonly autoSubscribe: boolean;
	/** False: the server is not there to hear it. */
	send(request: Init<SignalRequest>): boolean;
}
