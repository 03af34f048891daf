/**
 * A server's answers, and its offers, which read alike: right ones come out as they went in, others are
 * read within bounds or refused. Of all that was read an answer can be made.
 */

import type { Chance } from "fuzz/chance";
import { buildAnswer } from "livekit/session/dual/answer";
import { type Description, LIMITS, parseDescription, SdpError } from "livekit/session/sdp/parse";
import { candidateLine, checkCandidate, makeIdentity, makePeer, WORDS } from "./candidate";
import { must, type Target } from "./target";

const SDP_WORDS: readonly string[] = Object.freeze([
	...WORDS,
	"v=0",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111",
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
	"m=",
	"a=mid:0",
	"a=mid:",
	"a=setup:active",
	"a=setup:holdconn",
	"a=ice-lite",
	"a=end-of-candidates",
	"a=inactive",
	"a=fingerprint:sha-1 00",
	"a=rtpmap:111 opus/48000/2",
	"a=extmap:15",
	"a=constructor:x",
	"\r",
	"\r\n",
]);
/** Of those that were read, every so manieth goes to a peer. */
const PEERS = 200;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const token = (chance: Chance, length: number) =>
	Array.from({ length }, () => chance.pick(LETTERS)).join("");

function transport(chance: Chance): string[] {
	const byte = () => chance.below(256).toString(16).padStart(2, "0");
	return [
		`a=ice-ufrag:${token(chance, 4 + chance.below(30))}`,
		`a=ice-pwd:${token(chance, 22 + chance.below(30))}`,
		`a=fingerprint:sha-256 ${Array.from({ length: 32 }, byte).join(":")}`,
		`a=setup:${chance.pick(["active", "passive", "actpass"])}`,
	];
}

function section(chance: Chance, mid: number): string[] {
	if (chance.below(4) === 0)
		return [
			`m=application ${chance.below(8) ? 9 : 0} UDP/DTLS/SCTP webrtc-datachannel`,
			`a=mid:${mid}`,
			"a=sctp-port:5000",
			`a=max-message-size:${chance.below(2 ** 32)}`,
		];
	const type = 96 + chance.below(32);
	return [
		`m=audio ${chance.below(8) ? 9 : 0} UDP/TLS/RTP/SAVPF ${type} 63`,
		"c=IN IP4 0.0.0.0",
		`a=mid:${mid}`,
		`a=${chance.pick(["sendrecv", "sendonly", "recvonly", "inactive"])}`,
		`a=rtpmap:${type} opus/48000/2`,
		`a=fmtp:${type} minptime=10;useinbandfec=1`,
		`a=extmap:${1 + chance.below(14)} urn:ietf:params:rtp-hdrext:sdes:mid`,
		`a=extmap:${1 + chance.below(14)} urn:ietf:params:rtp-hdrext:ssrc-audio-level`,
		`a=ssrc:${chance.below(2 ** 32)} cname:x`,
		`a=msid:PA_x TR_${mid}`,
	];
}

/** A right answer: what reads it must not refuse it. */
function answer(chance: Chance): string {
	const sections = 1 + chance.below(chance.below(9) ? 4 : LIMITS.sections);
	const lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", ...transport(chance)];
	lines.push("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:first");
	if (chance.below(2)) lines.push(...transport(chance));
	for (let i = chance.below(chance.below(9) ? 5 : 40); i > 0; i--)
		lines.push(`a=${candidateLine(chance)}`);
	if (chance.below(2)) lines.push("a=end-of-candidates");
	for (let mid = 1; mid < sections; mid++) lines.push(...section(chance, mid));
	return `${lines.join(chance.below(4) ? "\r\n" : "\n")}\n`;
}

function check(description: Description): void {
	const { ufrag, pwd, fingerprint, setup, sections, candidates, skipped } = description;
	must(/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) && /^[A-Za-z0-9+/]{22,256}$/.test(pwd), "credentials");
	must(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/.test(fingerprint), "a fingerprint");
	must(["active", "passive", "actpass"].includes(setup), "a setup");
	must(sections.length > 0 && sections.length <= LIMITS.sections, "the bound of sections");
	must(candidates.length <= LIMITS.candidates, "the bound of candidates");
	must(new Set(sections.map(({ mid }) => mid)).size === sections.length, "each mid once");
	for (const candidate of candidates) checkCandidate(candidate);
	for (const count of Object.values(skipped)) must(count > 0, "skipped ones are counted");
	for (const { kind, mid, payloadTypes, codecs, ...numbers } of sections) {
		must(/^[a-z]{1,16}$/.test(kind) && /^[\x21-\x7e]{1,16}$/.test(mid), "a section's names");
		must(payloadTypes.length < 64 && codecs.size <= payloadTypes.length, "the bound of codecs");
		for (const type of payloadTypes) must(type >= 0 && type < 128, "a payload type");
		const { audioLevelId, midId, ssrc = 0, sctpPort = 1, maxMessageSize = 0 } = numbers;
		must(audioLevelId < 15 && midId < 15, "the ids of extensions");
		must(ssrc < 2 ** 32 && sctpPort > 0 && sctpPort < 65_536, "numbers of a section");
		must(maxMessageSize < 2 ** 32, "a size");
	}
}

/** With two peer connections the server offers: what we answer is whole, whatever it offered. */
function checkAnswer({ sections }: Description, fingerprint: string, chance: Chance): void {
	const answered = sections.map((offered) => {
		const takes = offered.kind === "audio" && !offered.rejected && chance.below(2);
		return { offered, payloadType: takes ? offered.payloadTypes[0] : undefined };
	});
	const sdp = buildAnswer({
		sessionId: 1,
		version: 1,
		ufrag: "abcd",
		pwd: "p".repeat(22),
		fingerprint,
		candidates: [],
		sections: answered,
	});
	must(/^([^\r\n\0]+\r\n)+$/.test(sdp), "lines, and nothing that ends one early");
	must(sdp.split("m=").length > sections.length, "each section has its line");
	if (sections.every(({ rejected }) => rejected)) return; // it has no transport
	const again = parseDescription(sdp);
	must(again.setup === "passive", "the device is the DTLS server");
	must(
		again.sections.map(({ mid }) => mid).join() === sections.map(({ mid }) => mid).join(),
		"the same sections in the same order",
	);
}

export async function sdpTarget(chance: Chance): Promise<Target> {
	const identity = await makeIdentity();
	const seen = { read: 0, refused: 0, peers: 0 };
	let right: string | undefined;

	return {
		seen,
		make() {
			right = answer(chance);
			if (chance.below(4) === 0) return right;
			const changed = chance.mutateText(right, SDP_WORDS);
			right = undefined;
			return changed;
		},
		execute(input) {
			let description: Description;
			try {
				description = parseDescription(input);
			} catch (error) {
				must(error instanceof SdpError, `an SdpError, not ${error}`);
				must(input !== right, `a right answer is read: ${error.message}`);
				seen.refused++;
				return;
			}
			check(description);
			checkAnswer(description, identity.fingerprint, chance);
			if (input === right) {
				const written = input.split("a=candidate:").length - 1;
				const skipped = Object.values(description.skipped).reduce((sum, n) => sum + n, 0);
				must(description.candidates.length + skipped === written, "each candidate is counted");
			}
			if (++seen.read % PEERS) return;
			const peer = makePeer(identity);
			peer.setRemote(description); // and no candidates: it has nowhere to send to
			peer.close();
			seen.peers++;
		},
	};
}
