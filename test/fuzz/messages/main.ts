/**
 * Hostile participants: packets of every kind, right ones, wrong ones and broken ones, into a room
 * that handles all of them, for `seconds`. The room must keep its bounds and go on working.
 *
 * Config: seconds, seed.
 */

import { Chance } from "fuzz/chance";
import { conclude, runRounds } from "fuzz/rounds";
import { Room, RoomEvent, RpcError } from "livekit";
import { HandledEmitter } from "livekit/platform/emitter";
import { encodeUtf8 } from "livekit/platform/text";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket, SignalResponse } from "livekit/protocol/generated/tables";
import type { DataPacket as Packet } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import type { SessionEvents } from "livekit/session/types";
import config from "mc/config";
import { heap } from "simulator";
import Timer from "timer";

const ROUND = 2_000;

const sleep = (milliseconds: number) =>
	new Promise<void>((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});

const chance = new Chance(Number(config.seed));
const random = (below: number) => chance.below(below);
const pick = <T>(list: readonly T[]): T => chance.pick(list);
const often = () => random(8) > 0;
const text = () => pick(["", "a", "😀", "lk.rpc_request_id", "x".repeat(random(3_000)), "\0"]);
const bytes = () => new Uint8Array(random(4) ? random(200) : random(16_000)).fill(random(256));
const id = () => pick(["1", "2", "3", "4", text()]);
const topic = () => pick(["t", "whole", "lk.rpc_request", "lk.rpc_response", "lk.chat", text()]);
const attributes = () => {
	const map = new Map<string, string>();
	if (often()) {
		map.set("lk.rpc_request_id", id());
		map.set("lk.rpc_request_method", pick(["echo", "slow", "throws", text()]));
		map.set("lk.rpc_request_response_timeout_ms", pick(["8000", "1", "-1", text()]));
		map.set("lk.rpc_request_version", pick(["2", "2", "2", "1", text()]));
	}
	for (let i = random(4) ? 0 : random(40); i > 0; i--) map.set(`key ${random(1e6)}`, text());
	return map;
};
const object = () => {
	const head = pick([[0x81, 0xa1, 0x61], [0x92], [0xdc, 0, 2], [0xa3], [0xd7, 0xff], [0x91], []]);
	const tail = Array.from({ length: random(30) }, () => random(256));
	return Uint8Array.from([...head, ...tail]);
};

const streamHeader = (): Init<Packet> => ({
	streamHeader: {
		streamId: id(),
		topic: topic(),
		mimeType: text(),
		totalLength: pick([undefined, 0, 1, 200, 2 ** 40]),
		attributes: attributes(),
		compression: often() ? 0 : 1,
		...(random(2)
			? { textHeader: { attachedStreamIds: [id()] } }
			: { byteHeader: { name: text() } }),
		...(random(2) && { inlineContent: random(2) ? encodeUtf8(text()) : bytes() }),
	},
});
const streamChunk = (): Init<Packet> => ({
	streamChunk: {
		streamId: id(),
		chunkIndex: random(4) ? random(3) : random(2 ** 31),
		content: random(2) ? encodeUtf8(text()) : bytes(),
	},
});
const KINDS: readonly (() => Init<Packet>)[] = Object.freeze([
	streamHeader,
	streamHeader,
	streamChunk,
	streamChunk,
	() => ({
		streamTrailer: { streamId: id(), reason: pick(["", "", text()]), attributes: attributes() },
	}),
	() => ({
		rpcRequest: {
			id: id(),
			method: pick(["echo", "slow", "throws", text()]),
			payload: text(),
			version: random(4) ? 1 : random(9),
			responseTimeoutMs: pick([1, 8_000, 2 ** 32 - 1]),
		},
	}),
	() => ({ rpcAck: { requestId: random(2) ? newest : id() } }),
	() => ({ rpcResponse: { requestId: random(2) ? newest : id(), payload: text() } }),
	() => ({
		rpcResponse: {
			requestId: random(2) ? newest : id(),
			error: { code: random(2_000), message: text(), data: text() },
		},
	}),
	() => ({ chatMessage: { id: id(), message: text(), timestamp: random(1e9) } }),
	() => ({ sipDtmf: { code: random(99), digit: text() } }),
	() => ({ transcription: { segments: [{ id: text(), text: text(), final: !random(2) }] } }),
	() => ({ user: { payload: object(), topic: pick(["msgpack/x", "msgpack/", text()]) } }),
	() => ({ encryptedPacket: { encryptedValue: bytes() } }),
]);

class Wire extends HandledEmitter<SessionEvents> {
	readonly timeline = { mark() {} } as never;
	readonly stats = { timeline: {}, peer: {}, signal: undefined };
	start(): void {}
	unpublish(): void {}
	setMuted(): void {}
	send(): boolean {
		return true;
	}
	leave(): void {
		this.emit("closed", {});
	}
	async sendData(sent: Uint8Array): Promise<void> {
		const { rpcRequest, streamHeader } = decode(DataPacket, sent);
		const request = rpcRequest?.id ?? streamHeader?.attributes.get("lk.rpc_request_id");
		if (request) newest = request;
		if (random(50) === 0) throw new Error("the send buffer is gone");
	}
}

let newest = "";
const wire = new Wire();
const room = new Room({}, () => wire as never);
const identities = ["a", "b", "c"];
let handled = 0;

async function join(): Promise<void> {
	const otherParticipants = identities.map((identity, i) => ({
		identity,
		sid: `PA_${identity}`,
		clientProtocol: i,
	}));
	const participant = { sid: "PA_me", identity: "me" };
	const connected = room.connect("ws://server", "token");
	const join = { join: { participant, otherParticipants } };
	const response = decode(SignalResponse, encode(SignalResponse, join as never));
	wire.emit("joined", response.join as never);
	wire.emit("connected");
	await connected;
}

function handleAll(): void {
	room.registerTextStreamHandler("whole", async (reader) => {
		await reader.readAll().catch(() => {});
		handled++;
	});
	room.registerTextStreamHandler("t", async (reader) => {
		try {
			for await (const piece of reader) if (piece.length > 100) break;
		} catch {}
		handled++;
	});
	room.registerByteStreamHandler("whole", async (reader) => {
		await reader.readAll().catch(() => {});
		handled++;
	});
	room.registerByteStreamHandler("t", () => {
		handled++; // and does not read
	});
	room.registerRpcMethod("echo", ({ payload }) => payload);
	room.registerRpcMethod("slow", () => sleep(1).then(() => "late"));
	room.registerRpcMethod("throws", () => {
		throw new RpcError(1, "no");
	});
	const count = () => {
		handled++;
	};
	for (const event of [
		RoomEvent.DataReceived,
		RoomEvent.ObjectReceived,
		RoomEvent.ChatMessage,
		RoomEvent.SipDTMFReceived,
		RoomEvent.TranscriptionReceived,
	] as const) {
		room.on(event, count);
	}
}

async function round(): Promise<void> {
	for (let i = 0; i < ROUND; i++) {
		if (random(100) === 0) {
			const destinationIdentity = pick(identities);
			const params = { destinationIdentity, method: "x", payload: text(), responseTimeout: 50 };
			room.localParticipant.performRpc({ ...params, maxRoundTripLatency: 20 }).catch(() => {});
		}
		const packet = { ...pick(KINDS)(), participantIdentity: pick([...identities, text()]) };
		const right = encode(DataPacket, packet);
		const sent = random(3) ? right : Uint8Array.from(chance.mutate(right));
		wire.emit("data", sent.buffer, 0 as never);
		if (random(4) === 0) await undefined;
	}
	await sleep(0);
}

/** What the room holds, against what it says it holds at most. */
function check(): void {
	const { streams, rpc } = room.getStats() ?? {};
	if (!streams || !rpc) throw new Error("no counters");
	if (rpc.incoming > 16 || rpc.outgoing > 32) throw new Error(`calls: ${JSON.stringify(rpc)}`);
}

async function afterwards(): Promise<void> {
	// Who left is forgotten, and everything works for who stays.
	const participants = identities.map((identity) => ({
		identity,
		sid: `PA_${identity}`,
		state: 3,
	}));
	const update = { update: { participants } };
	wire.emit(
		"update",
		decode(SignalResponse, encode(SignalResponse, update as never)).update as never,
	);
	for (const kind of ["t", "whole"]) room.unregisterTextStreamHandler(kind);
	const got = new Promise<string>((resolve) => {
		room.registerTextStreamHandler("t", (reader) => reader.readAll().then(resolve));
	});
	const participantIdentity = "new";
	const send = (packet: Init<Packet>) =>
		wire.emit("data", encode(DataPacket, { ...packet, participantIdentity }).buffer, 0 as never);
	send({ streamHeader: { streamId: "last", topic: "t", textHeader: {} } });
	send({ streamChunk: { streamId: "last", content: encodeUtf8("still here 🙂") } });
	send({ streamTrailer: { streamId: "last" } });
	if ((await got) !== "still here 🙂") throw new Error("the last text is another");
}

async function fuzz(): Promise<string> {
	await join();
	handleAll();
	const packets = await runRounds({
		size: ROUND,
		slackChunkBytes: 200_000,
		round: async () => {
			await round();
			check();
		},
	});
	await afterwards();
	return `${packets} packets, ${handled} handled, ${heap().slots} slots`;
}

conclude(fuzz());
