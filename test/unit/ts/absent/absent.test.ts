/** An app that has only what a voice needs: the rest says what to include, and others cannot disturb it. */

import { assert, sleep, test } from "harness";
import {
	AudioSource,
	ConnectionError,
	LocalAudioTrack,
	Room,
	RoomEvent,
	TextStreamReader,
	UnsupportedError,
} from "livekit";
import { HandledEmitter } from "livekit/platform/emitter";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket, SignalResponse } from "livekit/protocol/generated/tables";
import type { DataPacket as Packet } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import { NativeParts } from "livekit/session/parts";
import { Session } from "livekit/session/Session";
import type { SessionEvents } from "livekit/session/types";

/** A session in which a test is the network. */
class Wire extends HandledEmitter<SessionEvents> {
	readonly timeline = { mark() {} } as never;
	readonly captured = { frames: 0, silent: 0 };
	readonly stats = { timeline: {}, peer: {}, signal: undefined };
	readonly sent: number[] = [];

	start(): void {
		const participant = { sid: "PA_me", identity: "me" };
		const { join } = decode(SignalResponse, encode(SignalResponse, { join: { participant } }));
		if (join) this.emit("joined", join);
		this.emit("connected");
	}
	leave(): void {
		this.emit("closed", {});
	}
	holdData(): void {}
	send(): boolean {
		return true;
	}
	async sendData(bytes: Uint8Array): Promise<void> {
		this.sent.push(bytes.length);
	}
	receive(packet: Init<Packet>): void {
		const { buffer } = encode(DataPacket, { ...packet, participantIdentity: "she" });
		this.emit("data", buffer, 0);
	}
}

async function connected(): Promise<{ room: Room; wire: Wire }> {
	const wire = new Wire();
	const room = new Room({}, () => wire as never);
	await room.connect("ws://nowhere", "token");
	return { room, wire };
}

/** Its one line names the manifest to include. */
const names = (manifest: string) => (error: unknown) => {
	assert.ok(error instanceof UnsupportedError, `${error}`);
	assert.equal(error.code, 21);
	assert.match(error.message, /^this app was built without [^\n]+: include manifest_\w+\.json$/);
	assert.ok(error.message.endsWith(manifest), error.message);
	return true;
};

test("what is absent says which manifest to include", async () => {
	const { room, wire } = await connected();
	const { localParticipant: me } = room;
	const streams = names("manifest_streams.json");
	await assert.rejects(me.sendText("hello"), streams);
	await assert.rejects(me.streamText(), streams);
	await assert.rejects(me.sendBytes(new Uint8Array(3)), streams);
	await assert.rejects(me.streamBytes(), streams);
	await assert.rejects(me.sendFile({ name: "a", bytes: new Uint8Array(3) }), streams);
	assert.throws(() => room.registerTextStreamHandler("topic", () => {}), streams);
	assert.throws(() => room.registerByteStreamHandler("topic", () => {}), streams);
	const rpc = names("manifest_rpc.json");
	await assert.rejects(
		me.performRpc({ destinationIdentity: "she", method: "m", payload: "" }),
		rpc,
	);
	assert.throws(() => room.registerRpcMethod("m", () => ""), rpc);
	await assert.rejects(me.publishObject({ a: 1 }), names("manifest_objects.json"));
	assert.throws(() => new AudioSource(16_000), names("manifest_audio.json"));
	assert.deepEqual(wire.sent, []);
	await me.publishData(new Uint8Array(3));
	assert.equal(wire.sent.length, 1);
	await room.disconnect();
});

test("its classes are there for instanceof", () => {
	const microphone = { close() {} } as never;
	const track = new LocalAudioTrack(microphone);
	assert.ok(!(track.audioSource instanceof AudioSource));
	assert.ok(!((track as unknown) instanceof TextStreamReader));
});

test("what others send to it is dropped, and counted", async () => {
	const { room, wire } = await connected();
	let heard = 0;
	room.on(RoomEvent.DataReceived, () => heard++);
	room.on(RoomEvent.ObjectReceived, () => assert.ok(false));
	const streamId = "s1";
	wire.receive({ streamHeader: { streamId, topic: "lk.chat", textHeader: {} } });
	wire.receive({ streamChunk: { streamId, content: new Uint8Array(3) } });
	wire.receive({ streamTrailer: { streamId } });
	wire.receive({ rpcRequest: { id: "r1", method: "m", version: 1 } });
	wire.receive({ rpcAck: { requestId: "r2" } });
	wire.receive({ rpcResponse: { requestId: "r2", payload: "" } });
	wire.receive({ user: { topic: "msgpack/", payload: new Uint8Array([1]) } });
	wire.receive({ user: { topic: "own", payload: new Uint8Array([1]) } });
	await sleep(1);
	const { streams, rpc, objectsRefused } = room.getStats() ?? {};
	assert.equal(heard, 1);
	assert.equal(streams?.streamsUnhandled, 1);
	assert.equal(rpc?.refused, 1);
	assert.equal(objectsRefused, 1);
	assert.deepEqual(wire.sent, []);
	await room.disconnect();
});

test("a server that wants a peer connection each way is one line, too", async () => {
	const ended = new Promise<unknown>((resolve) => {
		const options = { autoSubscribe: true, singlePeerConnection: false, speaker: () => undefined };
		const session = new Session(options, new NativeParts());
		session.on("closed", ({ error }) => resolve(error));
		session.start("ws://127.0.0.1:1", "a.b.c");
	});
	const error = await ended;
	assert.ok(error instanceof ConnectionError, `${error}`);
	assert.match(error.message, /^this app was built without .*: include manifest_servers\.json$/);
});

test("regions of one's own need their part", () => {
	assert.throws(
		() => new Room({ hasRegions: () => true }).connect("ws://127.0.0.1:1", "a.b.c"),
		names("manifest_servers.json"),
	);
});
