/** A room without a network: its session does what a test says. */

import { sleep } from "harness";
import {
	DisconnectReason,
	Room,
	RoomEvent,
	type RoomEvents,
	type RoomOptions,
	TrackPublishError,
} from "livekit";
import { HandledEmitter } from "livekit/platform/emitter";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket, SignalResponse } from "livekit/protocol/generated/tables";
import type {
	JoinResponse,
	DataPacket as Packet,
	ParticipantInfo,
	ParticipantPermission,
	ParticipantUpdate,
	RequestResponse,
	Room as RoomInfo,
	RoomMovedResponse,
	RoomUpdate,
	SignalResponse as SignalMessage,
	SignalRequest,
	TrackInfo,
} from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import type { PublishRequest } from "livekit/session/Publications";
import type { SessionEvents, SessionOptions } from "livekit/session/types";

/** As it is received: absent fields read as their defaults. */
export function overTheWire(message: Init<SignalMessage>): SignalMessage {
	return decode(SignalResponse, encode(SignalResponse, message));
}

export class FakeSession extends HandledEmitter<SessionEvents> {
	readonly calls: unknown[] = [];
	/** What was sent, and how. */
	readonly packets: [Packet, number][] = [];
	permission: Init<ParticipantPermission> | undefined;
	readonly timeline = { mark() {} } as never;
	readonly captured = { frames: 0, silent: 0 };
	readonly stats = { timeline: {}, peer: {}, signal: undefined };
	readonly publishing = new Map<
		string,
		{ source: number; resolve(info: TrackInfo): void; reject(error: Error): void }
	>();

	/** Name, DTX and bit rate of each track. */
	readonly trackOptions: unknown[][] = [];

	constructor(readonly options: SessionOptions) {
		super();
	}
	start(url: string, token: string): void {
		this.calls.push(["start", url, token]);
	}
	publish(request: PublishRequest): Promise<TrackInfo> {
		this.calls.push(["publish", request.name, request.muted]);
		this.trackOptions.push([request.name, request.dtx, request.bitrate]);
		const { cid, source } = request;
		return new Promise((resolve, reject) => this.publishing.set(cid, { source, resolve, reject }));
	}
	unpublish(): void {
		this.calls.push(["unpublish"]);
	}
	setMuted(_cid: string, sid: string | undefined, muted: boolean): void {
		this.calls.push(["setMuted", sid, muted]);
	}
	/** What the room asked of the server. */
	readonly requests: Init<SignalRequest>[] = [];
	/** The server's word on the next request. */
	response: Promise<RequestResponse | undefined> = Promise.resolve(undefined);
	send(request: Init<SignalRequest>): boolean {
		this.requests.push(request);
		return true;
	}
	request(build: (requestId: number) => Init<SignalRequest>): Promise<RequestResponse | undefined> {
		this.send(build(this.requests.length + 1));
		return this.response;
	}
	sendData(bytes: Uint8Array, kind: number): Promise<void> {
		this.packets.push([decode(DataPacket, bytes), kind]);
		return Promise.resolve();
	}
	holding = false;
	holdData(hold: boolean): void {
		this.holding = hold;
	}
	leave(): void {
		this.end({ reason: DisconnectReason.CLIENT_INITIATED });
	}
	end(end: SessionEvents["closed"][0]): void {
		for (const { reject } of this.publishing.values()) reject(new TrackPublishError("over"));
		this.emit("closed", end);
	}
	join(others: Init<ParticipantInfo>[] = [], event: "joined" | "rejoined" = "joined"): void {
		const join: Init<JoinResponse> = {
			room: { sid: "RM_1", name: "kitchen", metadata: "m", numParticipants: 1 },
			participant: { sid: "PA_me", identity: "me", version: 1, permission: this.permission },
			otherParticipants: others as ParticipantInfo[],
		};
		this.emit(event, overTheWire({ join }).join as JoinResponse);
	}
	update(...participants: Init<ParticipantInfo>[]): void {
		const update = { participants: participants as ParticipantInfo[] };
		this.emit("update", overTheWire({ update }).update as ParticipantUpdate);
	}
	room(room: Init<RoomInfo>): void {
		const roomUpdate = { room: { sid: "RM_1", name: "kitchen", ...room } };
		this.emit("roomUpdate", overTheWire({ roomUpdate }).roomUpdate as RoomUpdate);
	}
	moved(roomMoved: Init<RoomMovedResponse>): void {
		this.emit("roomMoved", overTheWire({ roomMoved }).roomMoved as RoomMovedResponse);
	}
	track(sid: string): number[] {
		const volumes: number[] = [];
		const setVolume = (volume: number) => volumes.push(volume);
		this.emit("track", { sid, setVolume, openTap: () => undefined });
		return volumes;
	}
	/** What is being published goes through. */
	async published(sid = "TR_mic"): Promise<void> {
		for (const { source, resolve } of this.publishing.values())
			resolve({ sid, type: 0, source, muted: false } as TrackInfo);
		this.publishing.clear();
		await sleep(0);
	}
}

export class FakeDevice {
	closed = false;
	firstSound: number | undefined;
	close(): void {
		this.closed = true;
	}
}

/** A room, its newest session, its devices, and its events as text. */
export function make(options: RoomOptions = {}) {
	const sessions: FakeSession[] = [];
	const microphone = new FakeDevice();
	const speaker = new FakeDevice();
	const room = new Room(
		{ microphone: () => microphone as never, speaker: () => speaker as never, ...options },
		(session) => {
			sessions.push(new FakeSession(session));
			return sessions[sessions.length - 1] as never;
		},
	);
	const events: string[] = [];
	for (const event of Object.values(RoomEvent)) {
		room.on(event, (...args: RoomEvents[typeof event]) => {
			events.push([event, ...args.map(nameOf)].join(" "));
		});
	}
	const connect = (others?: Init<ParticipantInfo>[]) => {
		const connected = room.connect("ws://server", "token");
		sessions.at(-1)?.join(others);
		sessions.at(-1)?.emit("connected");
		events.length = 0;
		return connected;
	};
	return {
		room,
		events,
		microphone,
		speaker,
		connect,
		session: () => sessions.at(-1) as FakeSession,
	};
}

export function nameOf(value: unknown): string {
	if (Array.isArray(value)) return value.map(nameOf).join();
	if (value instanceof Error) return value.name;
	const { identity, trackSid, sid } = (value ?? {}) as Record<string, string>;
	return (
		identity ?? trackSid ?? sid ?? (typeof value === "object" ? JSON.stringify(value) : `${value}`)
	);
}

export const audio = (sid: string, more: Init<TrackInfo> = {}): Init<TrackInfo> => ({
	sid,
	source: 2,
	...more,
});
export const ann = (version: number, more: Init<ParticipantInfo> = {}): Init<ParticipantInfo> => ({
	sid: "PA_ann",
	identity: "ann",
	version,
	...more,
});
