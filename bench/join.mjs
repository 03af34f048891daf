/**
 * How long from connect() to the first sound on the wire, at three round-trip times, for us and for
 * libwebrtc in turns: same server, same path, same run.
 */

import { createLab } from "../test/network/lab.mjs";
import { startServer } from "../tools/server/server.mjs";
import { joinToken } from "../tools/server/token.mjs";
import { figure, median, slope } from "./figures.mjs";
import { clients, measureJoin } from "./join/call.mjs";

const peer = "rtc-node";
const roundTrips = [0, 50, 100]; // ms
const runs = 7;

/** @typedef {keyof typeof clients} Client @typedef {import("./join/call.mjs").Join} Join */

/**
 * Every client at every round-trip time, `runs` times.
 * @returns {Promise<Map<number, Record<Client, Join[]>>>} by round-trip time
 */
async function measure() {
	const lab = await createLab();
	try {
		const server = await startServer({ log: "server-bench.log", host: lab.server });
		try {
			const all = new Map();
			for (const rtt of roundTrips) {
				await lab.set({ delay: rtt / 2 });
				/** @type {Record<Client, Join[]>} */
				const joins = { "livekit-xs": [], "rtc-node": [] };
				for (let run = 0; run < runs; run++) {
					for (const client of /** @type {Client[]} */ (Object.keys(clients))) {
						const room = `join-${rtt}-${run}-${client}`;
						const token = await joinToken(server, { room, identity: client });
						joins[client].push(await measureJoin(lab, client, { url: server.url, token }));
					}
				}
				all.set(rtt, joins);
			}
			return all;
		} finally {
			await server.stop();
		}
	} finally {
		await lab.close();
	}
}

/** @returns {Promise<import("./figures.mjs").Figure[]>} */
export async function join() {
	const all = await measure();
	/** @param {Client} client @param {(join: Join) => number} value */
	const series = (client, value) =>
		roundTrips.map((rtt) => (all.get(rtt)?.[client] ?? []).map(value));
	/** @param {string} name @param {(join: Join) => number} value */
	const compare = (name, value) => {
		const [ours, theirs] = [series("livekit-xs", value), series(peer, value)];
		const perRoundTrip = (/** @type {number[][]} */ of) => slope(roundTrips, of.map(median));
		return [
			...roundTrips.map((rtt, i) =>
				figure(`${name}.rtt${rtt}`, "ms", ours[i], { name: peer, values: theirs[i] }),
			),
			figure(`${name}.round_trips`, "RTT", [perRoundTrip(ours)], {
				name: peer,
				values: [perRoundTrip(theirs)],
			}),
		];
	};
	const compute = (/** @type {Join} */ { compute }) => compute;
	return [
		...compare("join.first_rtp_out", ({ fromConnect }) => fromConnect),
		...compare("join.first_rtp_out_from_syn", ({ fromSyn }) => fromSyn),
		figure("join.compute.rtt0", "ms", series("livekit-xs", compute)[0], {
			name: peer,
			values: series(peer, compute)[0],
		}),
		...compare("join.connected", ({ connected }) => connected),
		// Our connect() resolves when both data channels are open; rtc-node does not tell when its are.
		figure("join.data_ready.round_trips", "RTT", [
			slope(roundTrips, series("livekit-xs", ({ connected }) => connected).map(median)),
		]),
		// The steps between, as they show on the wire.
		...["stun", "dtls"].flatMap((kind) =>
			compare(`join.first_${kind}_out`, ({ wire }) => wire[kind]),
		),
	];
}
