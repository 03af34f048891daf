/** Two rooms whose sessions are a wire: what one participant sends, the other gets. */

import { assert, sleep, test } from "harness";
import {
	DataPacket_Kind,
	DataStreamErrorReason,
	type ObjectValue,
	PublishDataErrorReason,
	Room,
	RoomEvent,
	type RoomEvents,
	type RoomOptions,
	RpcError,
} from "livekit";
import { HandledEmitter } from "livekit/platform/emitter";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket, SignalResponse } from "livekit/protocol/generated/tables";
import type {
	DataPacket as Packet,
	ParticipantInfo,
	SignalResponse as SignalMessage,
} from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import type { SessionEvents } from "livekit/session/types";

const overTheWire = (message: Init<SignalMessage>) =>
	decode(SignalResponse, encode(SignalResponse, message));

class Wire extends HandledEmitter<SessionEvents> {
	readonly timeline = { mark() {} } as never;
	readonly captured = { frames: 0, silent: 0 };
	readonly stats = { timeline: {}, peer: {}, signal: undefined };
	other: Wire | undefined;

	constructor(readonly identity: string) {
		super();
	}
	start(): void {}
	unpublish(): void {}
	setMuted(): void {}
	leave(): void {
		this.emit("closed", {});
	}
	holding = false;
	holdData(hold: boolean): void {
		this.holding = hold;
	}
	async sendData(bytes: Uint8Array, kind: number): Promise<void> {
		this.other?.receive(decode(DataPacket, bytes), this.identity, kind);
	}
	receive(packet: Init<Packet>, participantIdentity: string, kind = 0): void {
		const sent = { ...packet, participantIdentity, participantSid: `PA_${participantIdentity}` };
		this.emit("data", encode(DataPacket, sent).buffer, kind as never);
	}
	/** All is joined anew. */
	rejoin(other: Init<ParticipantInfo>): void {
		this.emit("restarting");
		this.emit("reconnecting");
		const participant = { sid: `PA_${this.identity}2`, identity: this.identity };
		const join = { participant, otherParticipants: [other] };
		this.emit("rejoined", overTheWire({ join } as Init<SignalMessage>).join as never);
		this.emit("reconnected");
	}
	join(other: Init<ParticipantInfo>): void {
		const participant = { sid: `PA_${this.identity}`, identity: this.identity };
		const serverInfo = { version: "1.13.4" };
		const join = { participant, serverInfo, otherParticipants: [other] };
		this.emit("joined", overTheWire({ join } as Init<SignalMessage>).join as never);
		this.emit("connected");
	}
	update(...participants: Init<ParticipantInfo>[]): void {
		const update = { participants } as Init<SignalMessage["update"]>;
		this.emit("update", overTheWire({ update } as Init<SignalMessage>).update as never);
	}
}

async function pair({ clientProtocol = 2, options = {} as RoomOptions } = {}) {
	const wires = [new Wire("a"), new Wire("b")];
	const rooms = wires.map((wire) => new Room(options, () => wire as never));
	for (const [i, wire] of wires.entries()) {
		const other = wires[1 - i];
		wire.other = other;
		const connected = rooms[i].connect("ws://server", "token");
		wire.join({ sid: `PA_${other.identity}`, identity: other.identity, clientProtocol });
		await connected;
	}
	const [a, b] = rooms;
	return { a, b, wireA: wires[0], wireB: wires[1], me: a.localParticipant };
}

function listen<K extends keyof RoomEvents>(room: Room, event: K): RoomEvents[K][] {
	const all: RoomEvents[K][] = [];
	room.on(event, (...args) => all.push(args));
	return all;
}

for (const clientProtocol of [0, 2]) {
	test(`streams and calls through rooms, client protocol ${clientProtocol}`, async () => {
		const { a, b, me } = await pair({ clientProtocol });
		const got: unknown[] = [];
		b.registerTextStreamHandler("t", async (reader, { identity }) => {
			got.push(identity, await reader.readAll());
		});
		b.registerByteStreamHandler("t", async (reader) => {
			for await (const chunk of reader) got.push(chunk.length);
		});
		b.registerRpcMethod("greet", ({ payload }) => `hello ${payload}`);
		await me.sendText("text", { topic: "t" });
		const writer = await me.streamText({ topic: "t" });
		await writer.write("more ");
		await writer.write("text");
		await writer.close();
		await me.sendBytes(new Uint8Array(3), { topic: "t" });
		await me.sendFile({ name: "f", bytes: new Uint8Array(4) }, { topic: "t" });
		const bytes = await me.streamBytes({ topic: "t" });
		await bytes.write(new Uint8Array(5));
		await bytes.close();
		await sleep(0);
		assert.deepEqual(got, ["a", "text", "a", "more text", 3, 4, 5]);
		const params = { destinationIdentity: "b", method: "greet", payload: "b" };
		assert.equal(await me.performRpc(params), "hello b");
		b.unregisterRpcMethod("greet");
		b.localParticipant.registerRpcMethod("greet", () => "");
		b.localParticipant.unregisterRpcMethod("greet");
		await assert.rejects(me.performRpc(params), (error) => error.code === 1400);
		b.unregisterTextStreamHandler("t");
		b.unregisterByteStreamHandler("t");
		await me.sendText("text", { topic: "t" });
		assert.equal(b.getStats()?.streams.streamsUnhandled, 1);
		assert.equal(a.getStats()?.rpc.outgoing, 0);
	});
}

test("handlers are kept when all is joined anew; what was under way ends", async () => {
	const { a, b, wireB, me } = await pair();
	const got: unknown[] = [];
	b.registerTextStreamHandler("t", async (reader) => {
		got.push(await reader.readAll().catch(({ reason }) => reason));
	});
	b.registerRpcMethod("greet", ({ payload }) => `hello ${payload}`);
	a.registerRpcMethod("never", () => new Promise(() => {}));
	await me.streamText({ topic: "t" }); // and never goes on
	const call = b.localParticipant.performRpc({
		destinationIdentity: "a",
		method: "never",
		payload: "",
	});
	call.catch(() => {});
	await sleep(0);
	wireB.rejoin({ sid: "PA_a", identity: "a" });
	await assert.rejects(call, (error) => error.code === RpcError.ErrorCode.RECIPIENT_DISCONNECTED);
	await me.sendText("text", { topic: "t" });
	const params = { destinationIdentity: "b", method: "greet", payload: "b" };
	assert.equal(await me.performRpc(params), "hello b");
	await sleep(0);
	assert.deepEqual(got, [DataStreamErrorReason.AbnormalEnd, "text"]);
});

test("who leaves ends its streams and our calls; so do we", async () => {
	const { a, b, wireB, wireA, me } = await pair();
	const reasons: unknown[] = [];
	b.registerTextStreamHandler("t", (reader) =>
		reader.readAll().then(
			() => {},
			({ reason }) => {
				reasons.push(reason);
			},
		),
	);
	b.registerRpcMethod("never", () => new Promise(() => {}));
	const call = () => me.performRpc({ destinationIdentity: "b", method: "never", payload: "" });
	await me.streamText({ topic: "t" });
	const first = call();
	wireA.update({ sid: "PA_b", identity: "b", state: 3 });
	await assert.rejects(first, (error) => error.code === RpcError.ErrorCode.RECIPIENT_DISCONNECTED);
	wireB.update({ sid: "PA_old", identity: "a", state: 3 }); // of a join before this one
	await sleep(0);
	assert.deepEqual(reasons, []);
	wireB.update({ sid: "PA_a", identity: "a", state: 3 });
	await sleep(0);
	assert.deepEqual(reasons, [DataStreamErrorReason.AbnormalEnd]);
	const second = call();
	await a.disconnect();
	await assert.rejects(second, RpcError);
	await assert.rejects(call(), (error) => error.code === RpcError.ErrorCode.SEND_FAILED);
	const text = me.sendText("x");
	await assert.rejects(text, (error) => error.reason === PublishDataErrorReason.NotConnected);
});

test("objects: an event of their own", async () => {
	const { b, wireB, me } = await pair();
	const objects = listen(b, RoomEvent.ObjectReceived);
	const data = listen(b, RoomEvent.DataReceived);
	const value = {
		temperature: 21.5,
		where: "Küche 🍲",
		at: new Date(1_000),
		raw: Uint8Array.of(1),
	};
	await me.publishObject(value, { topic: "sensor" });
	await me.publishObject([1], { reliable: false });
	const [[first, participant, topic, kind, identity], [second, , none, lossy]] = objects;
	const { temperature, where, at, raw } = first as Record<string, ObjectValue>;
	assert.deepEqual([temperature, where], [value.temperature, value.where]);
	assert.deepEqual([(at as Date).getTime(), (raw as Uint8Array)[0]], [1_000, 1]);
	assert.deepEqual([participant?.identity, topic, identity], ["a", "sensor", "a"]);
	assert.deepEqual([kind, lossy], [DataPacket_Kind.RELIABLE, DataPacket_Kind.LOSSY]);
	assert.deepEqual([second, none], [[1], ""]);
	wireB.receive({ user: { topic: "msgpack/x", payload: Uint8Array.of(0xc1) } }, "a");
	assert.equal(b.getStats()?.objectsRefused, 1);
	assert.equal(objects.length, 2);
	assert.equal(data.length, 0);
});

test("chat: sent, edited, told at both ends, and as a stream", async () => {
	const { a, b, me } = await pair();
	const here = listen(a, RoomEvent.ChatMessage);
	const there = listen(b, RoomEvent.ChatMessage);
	const sent = await me.sendChatMessage("helo 👋");
	const edited = await me.editChatMessage("hello 👋", sent);
	await me.sendText("from an agent", { topic: "lk.chat" });
	await sleep(0);
	assert.equal(edited.id, sent.id);
	assert.equal(here[0][1], me);
	assert.deepEqual(
		there.map(([{ message }, from]) => [message, from?.identity]),
		[
			["helo 👋", "a"],
			["hello 👋", "a"],
			["from an agent", "a"],
		],
	);
	assert.equal(there[0][0].editTimestamp, undefined);
	assert.ok((there[1][0].editTimestamp ?? 0) >= sent.timestamp);
	assert.deepEqual(
		there.slice(0, 2).map(([message]) => message),
		here.map(([message]) => message),
	);
	b.registerTextStreamHandler("lk.chat", () => {});
	await me.sendText("for the handler", { topic: "lk.chat" });
	await sleep(0);
	assert.equal(there.length, 3);
});

test("DTMF, and transcriptions", async () => {
	const { b, wireB, me } = await pair();
	const keys = listen(b, RoomEvent.SipDTMFReceived);
	await me.publishDtmf(11, "#");
	assert.deepEqual([keys[0][0].code, keys[0][0].digit, keys[0][1]?.identity], [11, "#", "a"]);
	const heard = listen(b, RoomEvent.TranscriptionReceived);
	const say = (text: string, final: boolean, transcribedParticipantIdentity = "a") =>
		wireB.receive(
			{
				transcription: {
					transcribedParticipantIdentity,
					segments: [{ id: "1", text, final, language: "de", startTime: 1, endTime: 2 }],
				},
			},
			"agent",
		);
	say("Gut", false);
	await sleep(5);
	say("Guten", true, "b");
	say("Tag", false);
	const [[[first], one], [[second], two], [[third]]] = heard;
	assert.deepEqual([first.text, first.language, first.final], ["Gut", "de", false]);
	assert.equal(second.firstReceivedTime, first.firstReceivedTime);
	assert.ok(second.lastReceivedTime > first.lastReceivedTime);
	assert.ok(third.firstReceivedTime > first.firstReceivedTime);
	assert.deepEqual([one?.identity, two], ["a", b.localParticipant]);
});
