/**
 * A session's life as a table; docs/session.md draws it. An event that a state does not list is late
 * news and is ignored. A state that leads to itself is entered anew.
 */

export type SessionState =
	| "idle"
	/** The identity is loaded or made, candidates are gathered, the first offer is built. */
	| "preparing"
	/** The join request, with the offer in it, is on its way. */
	| "joining"
	/** Joined; the answer, ICE and DTLS are awaited. */
	| "negotiating"
	/** Media is up; the data channels are awaited. */
	| "opening"
	| "connected"
	/** Media is silent; the server is asked by signalling whether it is there. */
	| "doubting"
	/** Signalling is well; media is, or is on its way by an ICE restart. */
	| "mending"
	/** A new signalling connection for the same participant is on its way; media may be up. */
	| "resuming"
	/** Until the next try to resume. */
	| "waiting"
	/** DTLS has ended; if that was the server's will, its Leave is on the way. */
	| "stranded"
	/** Everything anew: as preparing and joining. */
	| "rejoining"
	| "renegotiating"
	| "reopening"
	/** Until the next try to join anew. */
	| "resting"
	/** Nothing is left open. A session is not used twice. */
	| "closed";

export type SessionEvent =
	| "start"
	| "prepared"
	| "joined"
	/** The peer connection is up, for the first time or again. */
	| "mediaUp"
	/** Both data channels are open, or the server wants none. */
	| "dataReady"
	/** Nothing comes from the server any more; ICE may find another path. */
	| "mediaSilent"
	/** The peer connection failed for good. */
	| "mediaFailed"
	/** The server answered on the signalling connection. */
	| "signalAnswered"
	/** The WebSocket is gone. */
	| "signalLost"
	/** The server knows us still. */
	| "resumed"
	/** A try failed; another may not. */
	| "refused"
	/** There are other regions to join: media does not come up in this one, or it is gone and tries failed. */
	| "regionLost"
	/** The token is not accepted. */
	| "forbidden"
	/** The server sent Leave: come back as you are. */
	| "toldToResume"
	/** The server sent Leave, or an answer to a resume: join anew. */
	| "toldToRejoin"
	/** The server sent Leave for good. */
	| "dismissed"
	/** The platform has a network again, or another one. */
	| "linkUp"
	/** It is time for the next try. */
	| "due"
	/** There are no more tries. */
	| "exhausted"
	/** Something cannot be done: an answer that cannot be used, data channels that do not open. */
	| "failed"
	/** A state, or the server with an offer, took longer than it may. */
	| "timedOut"
	/** We leave. */
	| "leave";

type Row = Readonly<Partial<Record<SessionEvent, SessionState>>>;

/** Not in the room yet: what goes wrong ends it. */
const beginning = {
	failed: "closed",
	signalLost: "closed",
	toldToResume: "closed",
	toldToRejoin: "closed",
	dismissed: "closed",
	leave: "closed",
} as const satisfies Row;

/** Joined for the first time. */
const mediaAwaited = {
	...beginning,
	mediaFailed: "closed",
	timedOut: "closed",
	regionLost: "preparing",
} as const satisfies Row;

/** In the room, with signalling. */
const inside = {
	mediaFailed: "stranded",
	signalLost: "resuming",
	toldToResume: "resuming",
	linkUp: "resuming",
	failed: "rejoining",
	timedOut: "rejoining",
	toldToRejoin: "rejoining",
	dismissed: "closed",
	leave: "closed",
} as const satisfies Row;

/** On the way back: what goes wrong is tried again. */
const returning = {
	mediaFailed: "resting",
	failed: "resting",
	timedOut: "resting",
	signalLost: "resting",
	toldToResume: "resting",
	toldToRejoin: "resting",
	linkUp: "rejoining",
	dismissed: "closed",
	leave: "closed",
} as const satisfies Row;

export const transitions: Readonly<Record<SessionState, Row>> = Object.freeze({
	idle: { start: "preparing", leave: "closed" },
	preparing: { prepared: "joining", failed: "closed", timedOut: "closed", leave: "closed" },
	joining: { ...beginning, joined: "negotiating" },
	negotiating: { ...mediaAwaited, mediaUp: "opening" },
	opening: { ...mediaAwaited, dataReady: "connected" },

	connected: { ...inside, mediaSilent: "doubting" },
	doubting: { ...inside, mediaUp: "connected", signalAnswered: "mending" },
	mending: { ...inside, mediaUp: "connected" },
	resuming: {
		resumed: "mending",
		refused: "waiting",
		mediaUp: "resuming",
		linkUp: "resuming",
		mediaFailed: "rejoining",
		toldToRejoin: "rejoining",
		regionLost: "rejoining",
		forbidden: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	waiting: {
		due: "resuming",
		mediaUp: "resuming",
		linkUp: "resuming",
		mediaFailed: "rejoining",
		exhausted: "closed",
		leave: "closed",
	},

	stranded: {
		signalLost: "rejoining",
		toldToResume: "rejoining",
		toldToRejoin: "rejoining",
		failed: "rejoining",
		timedOut: "rejoining",
		linkUp: "rejoining",
		dismissed: "closed",
		leave: "closed",
	},
	rejoining: {
		joined: "renegotiating",
		refused: "resting",
		failed: "resting",
		toldToResume: "resting",
		toldToRejoin: "resting",
		linkUp: "rejoining",
		forbidden: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	renegotiating: { ...returning, mediaUp: "reopening" },
	reopening: { ...returning, dataReady: "connected" },
	resting: { due: "rejoining", linkUp: "rejoining", exhausted: "closed", leave: "closed" },

	closed: {},
});
