/** Errors of the public API; each message is one line that says what to do. */

export { RpcError } from "../data/rpc/RpcError";
export { DataStreamError, DataStreamErrorReason } from "../data/streams/DataStreamError";
export { PublishDataError, PublishDataErrorReason } from "../session/DataChannels";
export { TrackPublishError } from "../session/Publications";
export { ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";

/** A microphone or speaker is missing or could not be opened. */
export class MediaDeviceError extends Error {
	readonly kind: "audioinput" | "audiooutput";

	constructor(message: string, kind: "audioinput" | "audiooutput") {
		super(message);
		this.kind = kind;
	}
	override get name(): string {
		return "MediaDeviceError";
	}
}
