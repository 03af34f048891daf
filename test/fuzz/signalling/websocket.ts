/** A server's frames in any pieces, and, over TCP, what a server that is none says after its 101. */

import type { Chance } from "fuzz/chance";
import { encodeUtf8 } from "livekit/platform/text";
import { parseEndpoint } from "livekit/signal/Endpoint";
import { FrameError, FrameReader } from "livekit/signal/FrameReader";
import { isCloseCode, Opcode } from "livekit/signal/frame";
import { WebSocket } from "livekit/signal/WebSocket";
import { Source } from "./source";
import { must, type Target } from "./target";

const LIMIT = 300;
const CONNECTIONS = 16;
const OPEN_TIMEOUT = 2_000;

const toHex = (bytes: readonly number[]) =>
	bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text: string) =>
	Array.from({ length: text.length / 2 }, (_, i) =>
		Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
	);

function frame(first: number, payload: readonly number[]): number[] {
	const { length } = payload;
	return length < 126
		? [first, length, ...payload]
		: [first, 126, length >> 8, length & 255, ...payload];
}

/** Messages in fragments, with pings between, and what a reader is to say of them. */
function conversation(chance: Chance): { said: string; bytes: number[] } {
	const said: string[] = [];
	const bytes: number[] = [];
	for (let i = chance.below(6); i >= 0; i--) {
		const text = chance.below(2) === 1;
		const content = "é😀x".repeat(chance.below(60));
		const payload = [...encodeUtf8(content)];
		const parts = 1 + chance.below(3);
		for (let part = 0, from = 0; part < parts; part++) {
			const last = part === parts - 1;
			const to = last ? payload.length : from + chance.below(payload.length - from + 1);
			const opcode = part ? Opcode.continuation : text ? Opcode.text : Opcode.binary;
			bytes.push(...frame((last ? 0x80 : 0) | opcode, payload.slice(from, to)));
			from = to;
			if (last || chance.below(3)) continue;
			bytes.push(...frame(0x80 | Opcode.ping, [part]));
			said.push(`control 9 ${part}`);
		}
		if (payload.length > LIMIT) said.push("refused");
		else said.push(text ? `text ${content}` : `binary ${payload.length}`);
	}
	return { said: said.join("\n"), bytes };
}

export function websocketTarget(chance: Chance, port: number): Target {
	const seen = { right: 0, faults: 0, opened: 0, ended: 0 };
	const endpoint = parseEndpoint(`ws://127.0.0.1:${port}`);
	let right: { input: string; said: string } | undefined;
	let connections = 0;

	/** One with the server of server.mjs; resolves when it has ended, which it must, once. */
	function connect(): Promise<void> {
		return new Promise((resolve) => {
			let ended = false;
			const socket = new WebSocket({
				endpoint,
				target: `/websocket/${connections++}`,
				openTimeout: OPEN_TIMEOUT,
				maxMessageBytes: LIMIT,
				onOpen() {
					seen.opened++;
					socket.send("hello");
				},
				onMessage: (message) =>
					must(typeof message === "string" || message.byteLength <= LIMIT, "the bound of messages"),
				onRefused() {},
				onClose() {
					must(!ended, "it ends once");
					ended = true;
					seen.ended++;
					resolve();
				},
			});
		});
	}

	return {
		seen,
		make() {
			const { said, bytes } = conversation(chance);
			right = undefined;
			if (chance.below(4)) return toHex(chance.mutate(bytes));
			right = { input: toHex(bytes), said };
			return right.input;
		},
		execute(input) {
			const bytes = fromHex(input);
			const source = new Source(bytes, LIMIT);
			const said: string[] = [];
			const reader = new FrameReader(source, {
				onMessage(message) {
					said.push(
						typeof message === "string" ? `text ${message}` : `binary ${message.byteLength}`,
					);
				},
				onRefused: () => said.push("refused"),
				onControl: (opcode, payload) => said.push(`control ${opcode} ${payload}`),
			});
			try {
				for (let at = 0; source.come(1 + ((bytes[at] * 7) % 90)); at = (at + 1) % bytes.length)
					reader.read();
			} catch (error) {
				must(error instanceof FrameError, `a FrameError, not ${error}`);
				must(isCloseCode(error.code), `${error.code} may be sent`);
				must(input !== right?.input, `a right conversation is read: ${error.message}`);
				seen.faults++;
			}
			if (input !== right?.input) return;
			must(said.join("\n") === right.said, "what was sent is what was read");
			seen.right++;
		},
		async rest() {
			await Promise.all(Array.from({ length: CONNECTIONS }, connect));
		},
	};
}
