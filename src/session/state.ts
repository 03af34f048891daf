/**
 * A session's life as a table. Resuming and restarting will stand between connected and closed;
 * an event that a state does not list is late news and is ignored.
 *
 *   idle → preparing → joining → negotiating → opening → connected → stranded → closed
 *          identity,   WebSocket, ICE, DTLS     media is               media gone,
 *          offer       join                     up; SCTP               why?
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
	/** Media is gone; if it was the server's will, its Leave is on the way. */
	| "stranded"
	/** Nothing is left open. A session is not used twice. */
	| "closed";

export type SessionEvent =
	| "start"
	| "prepared"
	| "joined"
	/** The peer connection is up. */
	| "mediaUp"
	/** Both data channels are open, or the server wants none. */
	| "dataReady"
	/** The peer connection failed for good. */
	| "mediaFailed"
	/** Preparing, the join request or the negotiation failed. */
	| "failed"
	/** A state took longer than it may. */
	| "timedOut"
	/** The WebSocket is gone. */
	| "signalLost"
	/** The server sent Leave. */
	| "dismissed"
	/** We leave. */
	| "leave";

export const transitions: Readonly<
	Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>
> = Object.freeze({
	idle: { start: "preparing", leave: "closed" },
	preparing: { prepared: "joining", failed: "closed", timedOut: "closed", leave: "closed" },
	joining: {
		joined: "negotiating",
		failed: "closed",
		timedOut: "closed",
		signalLost: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	negotiating: {
		mediaUp: "opening",
		mediaFailed: "closed",
		failed: "closed",
		timedOut: "closed",
		signalLost: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	opening: {
		dataReady: "connected",
		mediaFailed: "closed",
		failed: "closed",
		timedOut: "closed",
		signalLost: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	connected: {
		mediaFailed: "stranded",
		failed: "closed",
		timedOut: "closed",
		signalLost: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	stranded: {
		failed: "closed",
		timedOut: "closed",
		signalLost: "closed",
		dismissed: "closed",
		leave: "closed",
	},
	closed: {},
});
