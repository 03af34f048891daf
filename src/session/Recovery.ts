/**
 * The way back of a session that has lost signalling, media or both: what is done on entering each of
 * the states behind `connected`. The table of states is state.ts, the story docs/session.md.
 */

import { Timeout } from "../platform/Timeout";
import { DisconnectReason, ReconnectReason } from "../protocol/generated/enums";
import type { JoinRequest, ReconnectResponse, SyncState } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { type ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";
import { Attempts } from "./Attempts";
import type { Connection } from "./Connection";
import type { DataChannels } from "./DataChannels";
import * as ends from "./ends";
import { asConnectionError } from "./failures";
import { addTrackRequest, type Publications } from "./Publications";
import type { ReconnectPolicy } from "./ReconnectPolicy";
import type { Signalling } from "./Signalling";
import type { SessionEvent, SessionState } from "./state";
import type { SessionEnd } from "./types";

/** Milliseconds: a server that ends media says why on the other connection, a little later. */
const LEAVE_DELAY = 500;
/** Milliseconds for an ICE restart over signalling that works. */
const MEND_TIMEOUT = 10_000;
/** Milliseconds within which a server that is there answers a ping; and with slow networks, round trips. */
const HURRY = 1000;
const HURRY_ROUND_TRIPS = 4;
/** Milliseconds between such pings while media is being mended. */
const HURRY_AGAIN = 2000;
/**
 * Milliseconds for the answer once media is back by itself: after an outage of a second or two TCP sends
 * again what was lost, later than we do.
 */
const CALM = 4000;

/** Tries to resume in a region that cannot be reached, before others are joined. */
const REGION_TRIES = 3;

/** These are the server's last word. */
const FINAL: readonly (DisconnectReason | undefined)[] = Object.freeze([
	DisconnectReason.DUPLICATE_IDENTITY,
	DisconnectReason.PARTICIPANT_REMOVED,
	DisconnectReason.ROOM_DELETED,
	DisconnectReason.ROOM_CLOSED,
	DisconnectReason.USER_REJECTED,
]);

/** What a recovery asks of its session. */
export interface RecoveryHost {
	readonly signalling: Signalling;
	readonly publications: Publications;
	readonly data: DataChannels;
	readonly policy: ReconnectPolicy;
	readonly joinRequest: Init<JoinRequest>;
	readonly connection: Connection | undefined;
	/** Closes it. */
	drop(): void;
	/** Joins anew; `tries` to come back have failed. Rejects when it does not come to that. */
	join(tries?: number): Promise<void>;
	/** The session's transition, if the state knows the event. */
	happen(event: SessionEvent, end?: SessionEnd): boolean;
	/** The app is told what is lost, and that all is well again. */
	tell(news: "signalReconnecting" | "restarting" | "reconnecting" | "reconnected"): void;
	/** What the room adds to SyncState. */
	syncState(): Init<SyncState>;
}

export class Recovery {
	readonly #host: RecoveryHost;
	readonly #attempts: Attempts;
	/** Of the state. */
	readonly #timeout = new Timeout();
	/** Tells the newest try from those before it. */
	#try = 0;
	/** What the app has been told is lost; restarting: and that there will be a new connection. */
	#told: "nothing" | "signal" | "media" | "all" = "nothing";
	/** Why the last try failed. */
	#failure: ConnectionError | undefined;
	/** For the first try: it was lost just before, too. */
	#delay: number | undefined = 0;
	/** ICE begins anew at the next chance, whatever it says of itself. */
	#moved = false;
	#linkDown = false;

	constructor(host: RecoveryHost) {
		this.#host = host;
		this.#attempts = new Attempts(host.policy);
	}

	/** The session has come into this state. */
	enter(state: SessionState, before: SessionState): void {
		this.#try++;
		this.#timeout.stop();
		if (before === "connected") this.#delay = this.#attempts.begin();
		switch (state) {
			case "preparing":
				if (before !== "idle") this.#joinElsewhere();
				break;
			case "connected":
				this.#onConnected();
				break;
			case "doubting":
				this.#doubt();
				break;
			case "mending":
				this.#mend(before === "resuming");
				break;
			case "resuming":
				this.#whenDue(() => this.#resume());
				break;
			case "waiting":
				this.#wait();
				break;
			case "stranded":
				this.#timeout.start(LEAVE_DELAY, () => this.#host.happen("timedOut"));
				break;
			case "rejoining":
				this.#prepareRejoin();
				this.#whenDue(() => this.#rejoin());
				break;
			case "resting":
				this.#prepareRejoin();
				this.#wait();
		}
	}

	/** The network is there, or another one; or it is gone, and trying is of no use. */
	linkChanged(up: boolean): void {
		this.#linkDown = !up;
		if (!up) return;
		this.#moved = true;
		this.#delay = 0;
		this.#host.happen("linkUp");
	}

	/** Nothing happens any more. */
	stop(): void {
		this.#try++;
		this.#timeout.stop();
	}

	#onConnected(): void {
		this.#host.signalling.settled();
		this.#failure = undefined;
		if (this.#told === "nothing") return;
		this.#attempts.succeeded();
		this.#told = "nothing";
		this.#host.signalling.hurry(CALM, () => {});
		this.#host.tell("reconnected");
	}

	#doubt(): void {
		this.#tellMedia();
		this.#hurry();
	}

	#hurry(): void {
		const { signalling } = this.#host;
		const patience = Math.max(HURRY, HURRY_ROUND_TRIPS * signalling.rtt);
		signalling.hurry(patience, () => this.#host.happen("signalAnswered"));
	}

	#mend(resumed: boolean): void {
		const connection = this.#host.connection;
		if (!connection) return;
		if (connection.media === "up" && !this.#moved) {
			connection.negotiation.resume();
			this.#host.happen("mediaUp");
			return;
		}
		if (!resumed && !connection.restartsIceAlone) {
			this.#host.happen("toldToResume"); // the server begins its part then
			return;
		}
		this.#moved = false;
		this.#tellMedia();
		try {
			connection.negotiation.restartIce();
		} catch {
			this.#host.happen("signalLost"); // without an address there is no network
			return;
		}
		this.#watch(MEND_TIMEOUT);
	}

	/** Signalling that dies meanwhile is found out long before its ping timeout. */
	#watch(left: number): void {
		if (left <= 0) {
			this.#host.happen("timedOut");
			return;
		}
		this.#timeout.start(HURRY_AGAIN, () => {
			this.#hurry();
			this.#watch(left - HURRY_AGAIN);
		});
	}

	/** Begins a try; not while the platform says that there is no network. */
	#whenDue(begin: () => void): void {
		const media = this.#host.connection?.media;
		if (media === "up") this.#tellSignal();
		else this.#tellMedia();
		this.#host.signalling.close();
		this.#host.publications.hold();
		if (this.#linkDown) return;
		const delay = this.#delay;
		this.#delay = 0;
		if (delay) this.#timeout.start(delay, begin);
		else begin();
	}

	#resume(): void {
		const attempt = this.#try;
		const reason = this.#host.connection?.reconnectReason ?? ReconnectReason.RR_SIGNAL_DISCONNECTED;
		this.#host.signalling.resume(reason, this.#host.joinRequest, this.#attempts.count).then(
			(response) => {
				if (this.#try === attempt) this.#onResumed(response);
			},
			(error) => {
				if (this.#try === attempt) this.#onRefused(error);
			},
		);
	}

	#onResumed(response: ReconnectResponse | undefined): void {
		const { signalling, publications, data } = this.#host;
		const connection = this.#host.connection;
		if (!connection) return;
		signalling.send({
			syncState: {
				...connection.descriptions,
				dataChannels: data.channels,
				publishTracks: publications.published(),
				...this.#host.syncState(),
			},
		});
		signalling.flush();
		publications.pending().forEach((request) => {
			signalling.send({ addTrack: addTrackRequest(request) });
			publications.sent(request.cid);
			connection.negotiation.outdate();
		});
		if (response?.lastMessageSeq) data.replay(response.lastMessageSeq);
		this.#host.happen("resumed");
	}

	/** The first join, in another region. */
	#joinElsewhere(): void {
		this.#host.tell("restarting");
		this.#forget();
		this.#host.join().catch((error) => this.#host.happen("failed", ends.notJoined(error)));
	}

	#prepareRejoin(): void {
		if (this.#told !== "all") this.#host.tell("restarting");
		this.#tellMedia();
		this.#told = "all";
		this.#forget();
	}

	/** All begins anew: nothing of what was is used again. */
	#forget(): void {
		const { signalling, publications, data } = this.#host;
		this.#moved = false;
		signalling.close();
		signalling.forgetTracks();
		data.restart();
		this.#host.drop();
		publications.restart();
	}

	#rejoin(): void {
		const attempt = this.#try;
		this.#host.join(this.#attempts.count).catch((error) => {
			if (this.#try === attempt) this.#onRefused(error);
		});
	}

	#onRefused(cause: unknown): void {
		const error = asConnectionError(cause);
		const reason = error.context as DisconnectReason | undefined;
		this.#failure = error;
		if (error.reason === ConnectionErrorReason.NotAllowed) {
			this.#host.happen("forbidden", { error, reason: DisconnectReason.JOIN_FAILURE });
		} else if (error.reason === ConnectionErrorReason.LeaveRequest && FINAL.includes(reason)) {
			this.#host.happen("dismissed", { error, reason });
		} else if (!this.#isRegionLost || !this.#host.happen("regionLost"))
			this.#host.happen("refused");
	}

	get #isRegionLost(): boolean {
		return (
			this.#attempts.count + 1 >= REGION_TRIES &&
			this.#host.connection?.media !== "up" &&
			this.#host.signalling.hasRegions
		);
	}

	#wait(): void {
		const delay = this.#attempts.failed(this.#failure);
		if (delay === undefined) this.#host.happen("exhausted");
		else if (!this.#linkDown) this.#timeout.start(delay, () => this.#host.happen("due"));
	}

	#tellSignal(): void {
		if (this.#told !== "nothing") return;
		this.#told = "signal";
		this.#host.tell("signalReconnecting");
	}

	#tellMedia(): void {
		if (this.#told === "media" || this.#told === "all") return;
		this.#told = "media";
		this.#host.tell("reconnecting");
	}

	/** Media went while signalling was on its way back. */
	mediaSilent(): void {
		if (this.#told === "signal") this.#tellMedia();
	}
}
