/** Opus as an offer and its answer settle it. */

import { EXTENSIONS, OPUS_PAYLOAD_TYPE } from "./sdp/build";
import type { Section } from "./sdp/parse";

const OPUS = "opus";

/** What an offer and its answer settle for a sender. */
export interface SendFormat {
	payloadType: number;
	audioLevel: number;
	midId: number;
	fec: boolean;
}

/** What the offer says; an answer takes it, or less of it. */
export const OFFERED: SendFormat = Object.freeze({
	payloadType: OPUS_PAYLOAD_TYPE,
	audioLevel: EXTENSIONS.audioLevel,
	midId: EXTENSIONS.mid,
	fec: true,
});

export function sameFormat(this: unknown, a: SendFormat, b: SendFormat): boolean {
	return (
		a.payloadType === b.payloadType &&
		a.audioLevel === b.audioLevel &&
		a.midId === b.midId &&
		a.fec === b.fec
	);
}

export function opusOf(
	this: unknown,
	section: Section,
): { payloadType: number; fmtp: string } | undefined {
	const payloadType = section.payloadTypes.find((type) => {
		const codec = section.codecs.get(type);
		return codec?.name === OPUS && codec.clockRate === 48_000;
	});
	if (payloadType === undefined) return undefined;
	return { payloadType, fmtp: section.codecs.get(payloadType)?.fmtp ?? "" };
}
