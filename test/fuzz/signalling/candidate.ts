/** Candidate lines, and the JSON they trickle in: any text, and what comes out goes on to the core. */

import type { Chance } from "fuzz/chance";
import {
	formatCandidate,
	formatCandidateInit,
	parseCandidate,
	parseCandidateInit,
} from "livekit/session/sdp/candidate";
import { type Candidate, createIdentity, type Identity, Peer } from "webrtc-native/webrtc";
import { must, type Target } from "./target";

export const WORDS: readonly string[] = Object.freeze([
	"candidate",
	"a=candidate",
	"udp",
	"TCP",
	"tcptype",
	"passive",
	"typ",
	"host",
	"srflx",
	"relay",
	"raddr",
	"ufrag",
	"0",
	"1",
	"65535",
	"65536",
	"4294967295",
	"4294967296",
	"-1",
	"1e3",
	"127.0.0.1",
	"255.255.255.255",
	"256.1.1.1",
	"::",
	"fe80::1%eth0",
	"::ffff:1.2.3.4",
	":::::",
	"1:2:3:4:5:6:7:8:9",
	"x.local",
	"\\",
	'"',
	"\\u0000",
	"\0",
	"😀",
	"\ud800",
	"__proto__",
]);
/** Peers take some candidates and are then another: they keep 16. */
const PEER_LIFE = 200;
const SKIPS: readonly string[] = Object.freeze(["tcp", "hostname", "component", "malformed"]);

export function randomCandidate(chance: Chance): Candidate {
	const number = (limit: number) => chance.below(limit);
	const address = number(3)
		? `${number(256)}.${number(256)}.${number(256)}.${number(256)}`
		: chance.pick(["::1", "fd00::2", "2001:db8::1:2", "::ffff:10.0.0.1", "fe80::abcd"]);
	const candidate: Candidate = {
		foundation: `${number(2 ** 31)}`,
		priority: number(2 ** 32),
		type: chance.pick(["host", "srflx", "prflx", "relay"] as const),
		address,
		port: 1 + number(65_535),
	};
	return number(4) ? candidate : { ...candidate, protocol: "tcp" };
}

/** As servers write it. */
export function candidateLine(chance: Chance): string {
	const candidate = randomCandidate(chance);
	const line = formatCandidate(candidate);
	const tcp = candidate.protocol === "tcp" ? " tcptype passive" : "";
	return line + tcp + chance.pick(["", " ufrag abcd", " raddr 0.0.0.0 rport 0", " generation 0"]);
}

/** What parseCandidate() may return, and that it survives being written and read again. */
export function checkCandidate(candidate: Candidate): void {
	const { address, port, priority, foundation, protocol = "udp" } = candidate;
	must(Number.isInteger(port) && port > 0 && port < 65_536, "the port is one");
	must(Number.isInteger(priority) && priority >= 0 && priority < 2 ** 32, "the priority is one");
	must(/^[0-9A-Fa-f.:]{1,45}$/.test(address), "the address looks like one; C parses it");
	must(foundation.length > 0 && foundation.length <= 32, "the foundation has its length");
	must(protocol === "udp" || protocol === "tcp", "the protocol is one");
	const line = formatCandidate(candidate) + (protocol === "tcp" ? " tcptype passive" : "");
	must(JSON.stringify(parseCandidate(line)) === JSON.stringify(candidate), "it is read again");
}

export const makeIdentity = (): Promise<Identity> =>
	new Promise((resolve, reject) => {
		createIdentity(undefined, (identity, error) => (identity ? resolve(identity) : reject(error)));
	});

/** A peer that is never told of the other side, so that it sends nothing. */
export const makePeer = (identity: Identity) =>
	new Peer({ identity, loopback: true, onState() {}, onMilestone() {} });

export async function candidateTarget(chance: Chance): Promise<Target> {
	const identity = await makeIdentity();
	const seen = { kept: 0, skipped: 0, ended: 0, refused: 0 };
	let peer: Peer | undefined;
	let lives = 0;

	function hand(candidate: Candidate): void {
		checkCandidate(candidate);
		peer ??= makePeer(identity);
		peer.addCandidate(candidate);
		seen.kept++;
		if (++lives % PEER_LIFE) return;
		seen.refused += peer.stats.candidatesRefused;
		peer.close();
		peer = undefined;
	}

	return {
		seen,
		make() {
			const line = candidateLine(chance);
			const json = formatCandidateInit(randomCandidate(chance), "0");
			const text = chance.pick([line, `a=${line}`, json, json, '{"candidate":""}']);
			return chance.below(4) ? chance.mutateText(text, WORDS) : text;
		},
		execute(input) {
			for (const parse of [parseCandidate, parseCandidateInit]) {
				const result = parse(input);
				if (result === undefined) seen.ended++;
				else if (typeof result === "object") hand(result);
				else {
					must(SKIPS.includes(result), "a skip is one of four");
					seen.skipped++;
				}
			}
		},
	};
}
