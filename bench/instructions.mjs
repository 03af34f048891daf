/**
 * What a call costs a device in instructions: counted on 32-bit RISC-V in the self-test, one side of a
 * call of 3 s with speech both ways, 16 kHz mono, Opus at 24 kb/s and complexity 1.
 */

import { runSelfTest, setUpSelfTest } from "../tools/rv32.mjs";
import { figure } from "./figures.mjs";

const callSeconds = 3;
const million = 1e6;

/** @returns {Promise<import("./figures.mjs").Figure[]>} */
export async function instructions() {
	await setUpSelfTest();
	const { counts } = await runSelfTest();

	/** @param {string} phase @param {string} owner @param {(part: string) => boolean} [wanted] */
	const spent = (phase, owner, wanted = () => true) =>
		counts
			.filter((one) => one.phase === phase && one.owner === owner && wanted(one.part))
			.reduce((sum, one) => sum + one.instructions, 0) / million;
	const call = (/** @type {(part: string) => boolean} */ wanted) =>
		spent("speech", "device", wanted) / callSeconds;

	const opus = call((part) => part === "opus");
	const other = call((part) => part !== "opus");
	const parts = counts.filter(
		({ phase, owner, part }) => phase === "speech" && owner === "device" && part !== "opus",
	);
	return [
		figure("instructions.call.opus", "M", [opus]),
		// Not in the call yet: speexdsp's echo canceller alone, with a tail of 64 ms, for 1 s.
		figure("instructions.call.aec", "M", [spent("echo", "nobody")]),
		figure("instructions.call.other", "M", [other]),
		figure("instructions.other_to_opus", "ratio", [other / opus]),
		...parts.map(({ part, instructions: count }) =>
			figure(`instructions.call.other.${part}`, "M", [count / callSeconds / million]),
		),
		figure("instructions.identity", "M", [spent("identities", "nobody") / 2]),
		figure("instructions.connect.dtls_server", "M", [
			spent("connect", "device", (part) => part === "dtls"),
		]),
		figure("instructions.connect.dtls_client", "M", [
			spent("connect", "remote", (part) => part === "dtls"),
		]),
		figure("instructions.connect.other", "M", [
			spent("connect", "device", (part) => part !== "dtls"),
		]),
	];
}
