/** A session among fakes, and how to bring it into each of its states. */

import { sleep } from "harness";
import { Log } from "livekit/platform/log";
import {
	DisconnectReason,
	LeaveRequest_Action,
	TrackSource,
} from "livekit/protocol/generated/enums";
import { DefaultReconnectPolicy } from "livekit/session/ReconnectPolicy";
import { Session } from "livekit/session/Session";
import type { SessionState } from "livekit/session/state";
import type { SessionEnd, SessionOptions } from "livekit/session/types";
import { ConnectionError, ConnectionErrorReason } from "livekit/signal/ConnectionError";
import { first } from "./answer";
import { Fakes } from "./fakes";

const speaker = {} as never;
const microphone = {} as never;
export const track = {
	name: "microphone",
	source: TrackSource.MICROPHONE,
	microphone,
	muted: false,
};

/** Tries again soon, and not often. */
export const quick = new DefaultReconnectPolicy([0, 40, 40]);

/** "STATE EVENT" of all transitions of all sessions here so far. */
export const exercised = new Set<string>();

/** Takes the transitions out of a session's log. */
const log = new Log("debug", (line) => {
	const [, state, event] = /session: (\w+) \+ (\w+) → \w+$/.exec(line) ?? [];
	if (state) exercised.add(`${state} ${event}`);
});

/** A session among fakes, and what it has emitted. */
export function make(options: Partial<SessionOptions> = {}) {
	const fakes = new Fakes();
	const session = new Session(
		{ autoSubscribe: true, speaker: () => speaker, reconnectPolicy: quick, log, ...options },
		fakes,
	);
	const events: string[] = [];
	let end: SessionEnd | undefined;
	for (const event of [
		"joined",
		"connected",
		"trackEnded",
		"update",
		"signalReconnecting",
		"reconnecting",
		"restarting",
		"rejoined",
		"reconnected",
	] as const) {
		session.on(event, () => events.push(event));
	}
	session.on("track", ({ sid }) => events.push(`track ${sid}`));
	session.on("republished", (cid, { sid }) => events.push(`republished ${cid} ${sid}`));
	session.on("publicationLost", (cid) => events.push(`publicationLost ${cid}`));
	session.on("closed", (closed) => {
		events.push("closed");
		end = closed;
	});
	return {
		fakes,
		session,
		events,
		get signal() {
			return fakes.signal;
		},
		end: () => end,
	};
}
export type Made = ReturnType<typeof make>;

/** Brings a session into a state. */
export const reach: Record<SessionState, (made: Made) => Promise<void>> = {
	async idle() {},
	async preparing({ fakes, session }) {
		fakes.identity = new Promise(() => {});
		session.start("ws://10.0.0.1", "token");
	},
	async joining({ session }) {
		session.start("ws://10.0.0.1", "token");
		await sleep(0);
	},
	async negotiating(made) {
		await reach.joining(made);
		made.signal.accept(() => made.signal.answer(first));
		await sleep(0);
	},
	async opening(made) {
		await reach.negotiating(made);
		made.fakes.peer.state("connected");
	},
	async connected(made) {
		await reach.opening(made);
		made.fakes.peer.openChannels();
	},
	async doubting(made) {
		await reach.connected(made);
		made.fakes.peer.state("disconnected");
	},
	async mending(made) {
		await reach.doubting(made);
		made.signal.hurried?.onAnswer();
	},
	async resuming(made) {
		await reach.connected(made);
		made.signal.lose();
	},
	async waiting(made) {
		await reach.resuming(made);
		made.signal.refuse(unreachable);
		await sleep(0);
	},
	async stranded(made) {
		await reach.connected(made);
		made.fakes.peer.state("failed", "close_notify");
	},
	async rejoining(made) {
		await reach.connected(made);
		leave(made, LeaveRequest_Action.RECONNECT);
		await sleep(0);
	},
	async renegotiating(made) {
		await reach.rejoining(made);
		made.signal.accept(() => made.signal.answer(first));
		await sleep(0);
	},
	async reopening(made) {
		await reach.renegotiating(made);
		made.fakes.peer.state("connected");
	},
	async resting(made) {
		await reach.rejoining(made);
		made.signal.refuse(unreachable);
		await sleep(0);
	},
	async closed(made) {
		await reach.connected(made);
		made.session.leave();
	},
};

export const unreachable = new ConnectionError(
	"no network",
	ConnectionErrorReason.ServerUnreachable,
);

export function leave(made: Made, action: LeaveRequest_Action): void {
	made.signal.emit("leave", { reason: DisconnectReason.ROOM_DELETED, action } as never);
}
