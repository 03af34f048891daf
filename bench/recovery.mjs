/**
 * How long after a fault a call is whole again, for us and for libwebrtc in turns: same server, same
 * path, same run.
 */

import { createLab } from "../test/network/lab.mjs";
import { startServer } from "../tools/server/server.mjs";
import { figure } from "./figures.mjs";
import { clients, faults, measureRecovery } from "./recovery/run.mjs";

const peer = "rtc-node";
const runs = 3;

/** @typedef {keyof typeof faults} Fault @typedef {import("./recovery/run.mjs").Recovery} Recovery */

const all = /** @type {Fault[]} */ (Object.keys(faults));

/** @param {Fault[]} [names] of these faults @returns {Promise<import("./figures.mjs").Figure[]>} */
export async function recovery(names = all) {
	const lab = await createLab();
	let server = await startServer({ log: "server-bench-recovery.log", host: lab.server });
	try {
		const figures = [];
		for (const fault of names) {
			/** @type {Record<keyof typeof clients, Recovery[]>} */
			const measured = { "livekit-xs": [], "rtc-node": [] };
			for (let run = 0; run < runs; run++) {
				for (const client of /** @type {(keyof typeof clients)[]} */ (Object.keys(clients))) {
					const one = await measureRecovery(lab, server, client, fault);
					server = one.server;
					measured[client].push(one.recovery);
				}
			}
			/** @param {string} name @param {"all" | "sound"} what */
			const compare = (name, what) =>
				figure(
					name,
					"ms",
					measured["livekit-xs"].map((one) => one[what]),
					{ name: peer, values: measured[peer].map((one) => one[what]) },
				);
			figures.push(
				compare(`recovery.${fault}`, "all"),
				compare(`recovery.${fault}.sound`, "sound"),
			);
		}
		return figures;
	} finally {
		await server.stop();
		await lab.close();
	}
}
