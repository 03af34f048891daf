/** The part of a session that the room uses: tests drive a room with a few lines of their own. */

import type { Session } from "../session/Session";

export type RoomSession = Pick<
	Session,
	| "on"
	| "handle"
	| "start"
	| "publish"
	| "unpublish"
	| "setMuted"
	| "send"
	| "request"
	| "sendData"
	| "holdData"
	| "leave"
	| "timeline"
	| "captured"
	| "stats"
>;
