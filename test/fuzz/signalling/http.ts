/** A server's responses in any pieces, and over TCP. */

import type { Chance } from "fuzz/chance";
import { parseEndpoint } from "livekit/signal/Endpoint";
import { upgradeFault } from "livekit/signal/handshake";
import { BodyReader, HttpGet, type HttpHead, MAX_HEAD, parseHead } from "livekit/signal/http";
import { Source } from "./source";
import { must, type Target } from "./target";

const MAX_BODY = 4096;
const CONNECTIONS = 16;
const TIMEOUT = 2_000;
const WORDS: readonly string[] = Object.freeze([
	"HTTP/1.1 ",
	"HTTP/1.0 200 OK",
	"HTTP/2 200",
	"\r\n",
	"\r\n\r\n",
	"\n\n",
	":",
	" ",
	"Content-Length",
	"Content-Length: 18446744073709551616",
	"Content-Length: -1",
	"Content-Length: 1e9",
	"Transfer-Encoding: chunked",
	"Transfer-Encoding: gzip, chunked",
	"Location: wss://elsewhere",
	"Upgrade: websocket",
	"Connection: keep-alive, Upgrade",
	"Sec-WebSocket-Accept: x",
	"ffffffffffffffff",
	"0",
	"7fffffff;x=y",
	"\0",
	"\xff",
	"__proto__: 1",
]);

interface Right {
	input: string;
	status: number;
	body: string;
}

function response(chance: Chance): Right {
	const status = chance.pick([101, 200, 204, 301, 400, 401, 403, 404, 500, 503]);
	const pieces = Array.from({ length: chance.below(5) }, () =>
		"what is wrong ".repeat(1 + chance.below(40)),
	);
	let head = `HTTP/1.1 ${status} Some Reason\r\nServer: x\r\nX-${chance.below(1e6)}: ${"y".repeat(chance.below(300))}\r\n`;
	let body = pieces.join("");
	let text = body;
	const way = chance.below(3);
	if (way === 0) head += `content-length: ${body.length}\r\n`;
	if (way === 1) {
		head += "Transfer-Encoding: chunked\r\n";
		text = pieces.map((piece) => `${piece.length.toString(16)};a=b\r\n${piece}\r\n`).join("");
		text += "0\r\n\r\n";
	}
	if (status === 204 && way !== 1) body = "";
	return { input: `${head}\r\n${text}`, status, body: body.slice(0, MAX_BODY) };
}

export function httpTarget(chance: Chance, port: number): Target {
	const seen = { right: 0, faults: 0, upgrades: 0, responses: 0, failures: 0 };
	const endpoint = parseEndpoint(`http://127.0.0.1:${port}`);
	let right: Right | undefined;
	let connections = 0;

	/** As WebSocket and HttpGet do. */
	function read(source: Source, pieces: string): { head?: HttpHead; body?: BodyReader } {
		let head: HttpHead | undefined;
		let body: BodyReader | undefined;
		const next = (at: number) => 1 + ((pieces.charCodeAt(at % pieces.length) * 7) % 300);
		for (let at = 0; source.come(next(at)); at++) {
			if (!head) {
				const text = source.readHead("\r\n\r\n", MAX_HEAD);
				if (text === undefined) continue;
				head = parseHead(text);
				body = new BodyReader(source as never, head);
			}
			if (body?.read()) break;
		}
		return { head, body };
	}

	function get(): Promise<void> {
		return new Promise((resolve) => {
			let done = false;
			new HttpGet({
				endpoint,
				target: `/http/${connections++}`,
				headers: "",
				timeout: TIMEOUT,
				onDone(got, error) {
					must(!done, "it is done once");
					must(got ? !error : error, "a response or an error");
					done = true;
					seen[got ? "responses" : "failures"]++;
					resolve();
				},
			});
		});
	}

	return {
		seen,
		make() {
			right = response(chance);
			if (chance.below(4) === 0) return right.input;
			const changed = chance.mutateText(right.input, WORDS);
			right = undefined;
			return changed;
		},
		execute(input) {
			const bytes = Array.from(input, (character) => character.charCodeAt(0) & 255);
			try {
				const { head, body } = read(new Source(bytes, 0), input);
				if (head) {
					must(head.status >= 100 && head.status < 600, "a status");
					const fault = upgradeFault(head, "AAAAAAAAAAAAAAAAAAAAAA==");
					if (head.status === 101) must(fault, "nobody guesses the answer to our key");
					if (fault) seen.upgrades++;
				}
				must((body?.text.length ?? 0) <= MAX_BODY, "the bound of a body");
				if (input !== right?.input) return;
				must(head?.status === right.status, "the status");
				must(body?.text === right.body, "the body");
				seen.right++;
			} catch (error) {
				const known = error instanceof SyntaxError || error instanceof RangeError;
				must(known && input !== right?.input, `a fault of the server's, not ${error}`);
				seen.faults++;
			}
		},
		async rest() {
			await Promise.all(Array.from({ length: CONNECTIONS }, get));
		},
	};
}
