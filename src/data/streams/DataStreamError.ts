/** Why a stream did not come, or go, as it should. livekit-client's numbers. */

export const DataStreamErrorReason = Object.freeze({
	/** Its sender has a stream of this id open. */
	AlreadyOpened: 0,
	/** The sender left or gave up, or we did. */
	AbnormalEnd: 1,
	/** Text that is not UTF-8. */
	DecodeFailed: 2,
	/** More came than the header said. */
	LengthExceeded: 3,
	/** Less came than the header said, or a chunk is missing. */
	Incomplete: 4,
	/** One handler a topic. */
	HandlerAlreadyRegistered: 7,
	EncryptionTypeMismatch: 8,
	/** Attributes, topic and names are larger than a packet can be. */
	HeaderTooLarge: 9,
	/** More than this device holds: unread bytes, or the text of one readAll(). */
	PayloadTooLarge: 10,
} as const);
export type DataStreamErrorReason =
	(typeof DataStreamErrorReason)[keyof typeof DataStreamErrorReason];

export class DataStreamError extends Error {
	readonly reason: DataStreamErrorReason;

	constructor(message: string, reason: DataStreamErrorReason) {
		super(message);
		this.reason = reason;
	}
	override get name(): string {
		return "DataStreamError";
	}
	get reasonName(): string {
		const names = Object.keys(DataStreamErrorReason) as (keyof typeof DataStreamErrorReason)[];
		return names.find((name) => DataStreamErrorReason[name] === this.reason) ?? "";
	}
}
