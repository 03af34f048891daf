/** A page in headless Chromium, driven over its DevTools protocol. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { Background } from "../../../tools/lib/background.mjs";
import { Failure } from "../../../tools/lib/failure.mjs";
import { logs } from "../../../tools/lib/paths.mjs";
import { browser as chromium } from "../../../tools/setup/debian.mjs";

const startTimeout = 30_000;

/**
 * What the browser is told: it may run as root; its microphone is a file, which nobody is asked for; sound
 * plays unasked; and it tells its addresses, loopback among them, as a server on this machine needs.
 * @param {string} folder its own @param {string} microphone
 */
const options = (folder, microphone) => [
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-dev-shm-usage",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	`--user-data-dir=${folder}`,
	"--remote-debugging-port=0",
	"--use-fake-device-for-media-stream",
	"--use-fake-ui-for-media-stream",
	`--use-file-for-fake-audio-capture=${microphone}`,
	"--autoplay-policy=no-user-gesture-required",
	"--allow-loopback-in-peer-connection",
	"--disable-features=WebRtcHideLocalIpsWithMdns",
	"about:blank",
];

/**
 * Opens a page with these scripts in it.
 * @param {{ scripts: readonly string[], microphone: string, log: string }} page paths of the scripts and
 *   of a WAV file; the name of the log
 */
export async function openPage({ scripts, microphone, log }) {
	// Microphones are for pages of secure origins, and this machine's is one.
	const pages = createServer((_request, response) => {
		response
			.writeHead(200, { "content-type": "text/html" })
			.end("<!doctype html><title>test</title>");
	});
	await new Promise((resolve) => pages.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = /** @type {import("node:net").AddressInfo} */ (pages.address());
	const folder = mkdtempSync(join(tmpdir(), "livekit-xs-browser-"));
	const path = join(logs, log);
	const program = chromium();
	if (!program) throw new Failure("no Chromium: install Debian's chromium-headless-shell");
	const command = [program, ...options(folder, microphone)];
	const browser = new Background("Chromium", command, { log: path });
	/** @type {WebSocket | undefined} */
	let socket;
	async function close() {
		socket?.terminate();
		await browser.stop();
		pages.closeAllConnections();
		pages.close();
		rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
	}
	try {
		const address = await browser.ready(
			() => /listening on ws:\/\/([^/\s]+)/.exec(readFileSync(path, "utf8"))?.[1],
			startTimeout,
		);
		const list = await fetch(`http://${address}/json/list`);
		const targets = /** @type {{ type: string, webSocketDebuggerUrl: string }[]} */ (
			await list.json()
		);
		const target = targets.find(({ type }) => type === "page");
		if (!target) throw new Failure("Chromium has no page");
		socket = new WebSocket(target.webSocketDebuggerUrl, { headers: {} });
		const send = await talk(socket);
		await send("Page.navigate", { url: `http://127.0.0.1:${port}/` });
		await send("Runtime.enable", {});
		/** The value of an expression, awaited. @param {string} expression */
		const evaluate = async (expression) => {
			const parameters = { expression, awaitPromise: true, returnByValue: true };
			const { result, exceptionDetails } = await send("Runtime.evaluate", parameters);
			if (exceptionDetails) {
				throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
			}
			return result.value;
		};
		while ((await evaluate("location.port + document.readyState")) !== `${port}complete`) {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		for (const script of scripts) await evaluate(`${readFileSync(script, "utf8")}\n;0`);
		/**
		 * Runs a function in the page; what it is given and returns is JSON.
		 * @template {unknown[]} A @template R
		 * @param {(...values: A) => R | Promise<R>} action @param {A} values @returns {Promise<R>}
		 */
		const run = (action, ...values) => evaluate(`(${action})(...${JSON.stringify(values)})`);
		return { run, close };
	} catch (error) {
		await close();
		throw error;
	}
}

/** Requests and their answers. @param {WebSocket} socket */
async function talk(socket) {
	/** @type {Map<number, { resolve(value: any): void, reject(error: Error): void }>} */
	const waiting = new Map();
	socket.on("message", (data) => {
		const { id, result, error } = JSON.parse(String(data));
		const asked = waiting.get(id);
		waiting.delete(id);
		if (error) asked?.reject(new Error(error.message));
		else asked?.resolve(result);
	});
	socket.on("close", () => {
		for (const { reject } of waiting.values()) reject(new Error("the browser is gone"));
	});
	await new Promise((resolve, reject) => {
		socket.on("open", () => resolve(undefined)).on("error", () => reject(new Error("no DevTools")));
	});
	let last = 0;
	return (/** @type {string} */ method, /** @type {object} */ params) =>
		new Promise((resolve, reject) => {
			waiting.set(++last, { resolve, reject });
			socket.send(JSON.stringify({ id: last, method, params }));
		});
}
