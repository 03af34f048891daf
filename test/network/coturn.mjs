/** A TURN server in the laboratory: Debian's coturn, beside livekit-server. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, logs } from "../../tools/lib/paths.mjs";
import { makeCertificates } from "../e2e/lib/certificates.mjs";

const user = "device";
const password = "not-a-secret";
const ports = Object.freeze({ plain: 3478, other: 3479, tls: 5349 });

/**
 * Starts it, with a certificate by a CA of its own.
 * @param {{ host: any, name: string, redirects?: boolean, options?: string[] }} options `host`: the
 *   laboratory's; `redirects`: its port sends all that want an allocation to another one
 */
export async function startCoturn({ host, name, redirects = false, options = [] }) {
	const folder = join(build, "network", name);
	mkdirSync(folder, { recursive: true });
	const certificates = makeCertificates(folder, host.address);
	const cert = join(folder, "server.pem");
	const key = join(folder, "server.key");
	writeFileSync(cert, certificates.cert);
	const log = join(logs, `${name}.log`);
	const other = `${host.address}:${ports.other}`;
	const turnserver = host.spawn(
		"coturn",
		[
			"turnserver",
			"-n", // no configuration file
			"--no-cli",
			"--no-dtls",
			"--lt-cred-mech",
			"--realm=laboratory",
			`--user=${user}:${password}`,
			`--listening-ip=${host.address}`,
			`--relay-ip=${host.address}`,
			`--listening-port=${ports.plain}`,
			`--tls-listening-port=${ports.tls}`,
			"--min-port=50000",
			"--max-port=50100",
			`--cert=${cert}`,
			`--pkey=${key}`,
			`--pidfile=${join(folder, "pid")}`,
			`--userdb=${join(folder, "users.db")}`,
			"--log-file=stdout",
			"--simple-log",
			...(redirects ? [`--aux-server=${other}`, `--alternate-server=${other}`] : []),
			...options,
		],
		{ log },
	);
	const said = () => readFileSync(log, "utf8");
	await turnserver.ready(() => /Total General servers/.test(said()) || undefined, 10_000);
	/** As livekit-server's configuration names it. @param {"udp" | "tcp" | "tls"} protocol */
	const named = (protocol) => ({
		host: host.address,
		port: protocol === "tls" ? ports.tls : ports.plain,
		protocol,
		username: user,
		credential: password,
	});
	return {
		ports,
		ca: readFileSync(certificates.ca, "utf8"),
		/** For livekit-server's `rtc`. @param {("udp" | "tcp" | "tls")[]} protocols */
		turnServers: (...protocols) => protocols.map(named),
		stunServer: `${host.address}:${ports.plain}`,
		/** How many sessions its other port has, or had. */
		redirected: () => said().match(new RegExp(`local ${other},`, "g"))?.length ?? 0,
		/**
		 * How many allocations a client has given back, and not left to expire; with the option
		 * --verbose. @param {string} address the client's
		 */
		givenBack(address) {
			const lines = said().split("\n");
			const ids = lines.map((line) => /session (\d+): refreshed,.* lifetime=0/.exec(line)?.[1]);
			const closed = (/** @type {string} */ id) =>
				lines.some((line) => line.includes(`${id}: closed`) && line.includes(`remote ${address}:`));
			return ids.filter((id) => id !== undefined && closed(id)).length;
		},
		stop: () => turnserver.stop(),
	};
}
