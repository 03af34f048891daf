/**
 * Everything that travels in data packets, until `seconds` are over or somebody calls "end".
 *
 *   streams   of topic "echo" go back piece by piece, as they come; of "whole" as one, after readAll();
 *             of "slow" are read slowly, and their length goes back
 *   methods   echo; refuse, break, slow, large; and what makes the device call: see `call` and `send`
 *
 * Config: url, token, seconds; maxTextBytes, the board's if not given.
 */

import board from "board";
import { Room, RoomEvent, RpcError } from "livekit";
import config from "mc/config";
import Timer from "timer";

const room = new Room({
	speaker: board.speaker,
	maxTextBytes: config.maxTextBytes ? Number(config.maxTextBytes) : undefined,
});
const me = room.localParticipant;

const sleep = (milliseconds: number) =>
	new Promise<void>((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});

room.registerTextStreamHandler("echo", async (reader, { identity }) => {
	const { size, attributes } = reader.info;
	const writer = await me.streamText({
		topic: "echo",
		destinationIdentities: [identity],
		totalSize: size,
		attributes: { colour: attributes?.colour ?? "" },
	});
	for await (const piece of reader) await writer.write(piece);
	await writer.close();
});
room.registerTextStreamHandler("whole", async (reader, { identity }) => {
	const text = await reader.readAll();
	await me.sendText(text, { topic: "whole", destinationIdentities: [identity] });
});
room.registerByteStreamHandler("echo", async (reader, { identity }) => {
	const { name, mimeType, size } = reader.info;
	const destinationIdentities = [identity];
	const options = { topic: "echo", name, mimeType, totalSize: size, destinationIdentities };
	const writer = await me.streamBytes(options);
	for await (const piece of reader) await writer.write(piece);
	await writer.close();
});
room.registerByteStreamHandler("whole", async (reader, { identity }) => {
	const { name, mimeType: type } = reader.info;
	const [bytes = new Uint8Array(0)] = await reader.readAll();
	const options = { topic: "whole", destinationIdentities: [identity] };
	await me.sendFile({ name, type, bytes }, options);
});

room.registerByteStreamHandler("slow", async (reader, { identity }) => {
	let bytes = 0;
	for await (const piece of reader) {
		bytes += piece.length;
		await sleep(20);
	}
	await me.sendText(`${bytes}`, { topic: "slow", destinationIdentities: [identity] });
});

room.on(RoomEvent.ObjectReceived, (value, _participant, topic, _kind, identity) => {
	me.publishObject(value, { topic, destinationIdentities: [identity] });
});
room.on(RoomEvent.ChatMessage, async (message, participant) => {
	if (participant === me || message.message.startsWith("you said")) return;
	const answer = await me.sendChatMessage("you said …");
	await me.editChatMessage(`you said ${message.message}`, answer);
});
room.on(RoomEvent.SipDTMFReceived, ({ code, digit }) => me.publishDtmf(code, digit));
room.on(RoomEvent.TranscriptionReceived, ([{ text, final }], participant) => {
	trace(`heard ${participant?.identity}: ${text} ${final}\n`);
});

room.registerRpcMethod("echo", ({ payload }) => payload);
room.registerRpcMethod("who", ({ callerIdentity }) => callerIdentity);
room.registerRpcMethod("refuse", () => {
	throw new RpcError(101, "not today 🙈", "tomorrow");
});
room.registerRpcMethod("break", () => {
	throw new TypeError("expected in this test's output");
});
room.registerRpcMethod("slow", async () => {
	await sleep(2_000);
	return "late";
});
/** Calls a method of the caller with `size` characters; the length of the response, or the error. */
room.registerRpcMethod("call", async ({ callerIdentity, payload }) => {
	const { method, size = 0, to = callerIdentity, ...times } = JSON.parse(payload);
	try {
		const params = { destinationIdentity: to, method, payload: "é".repeat(size / 2), ...times };
		const response = await me.performRpc(params);
		return JSON.stringify({ length: response.length });
	} catch (error) {
		const { name, code, message, data } = error as RpcError;
		return JSON.stringify({ name, code, message, data });
	}
});
room.registerRpcMethod("end", async () => {
	Timer.set(() => finish("told to end"), 100);
	return "";
});

function finish(what: string): void {
	trace(`${what}\n`);
	board.report(room.getStats() ?? {});
	room.disconnect();
}

const ended = new Promise((resolve) => {
	room.once(RoomEvent.Disconnected, resolve);
});
try {
	await room.connect(config.url, config.token);
	trace("connected\n");
	Timer.set(() => finish("out of time"), Number(config.seconds) * 1000);
	// What a case that fails is explained with.
	Timer.repeat(() => trace(`stats ${JSON.stringify(room.getStats())}\n`), 5_000);
	await ended;
	board.end(0);
} catch (error) {
	trace(`${error}\n`);
	board.end(1);
}
