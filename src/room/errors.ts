/** Errors of the public API; each message is one line that says what to do. */

import type { RequestResponse_Reason } from "../protocol/generated/enums";

export { RpcError } from "../data/rpc/RpcError";
export { DataStreamError, DataStreamErrorReason } from "../data/streams/DataStreamError";
export { UnsupportedError } from "../platform/UnsupportedError";
export { PublishDataError, PublishDataErrorReason } from "../session/DataChannels";
export { TrackPublishError } from "../session/Publications";
export { ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";

/** The server refused a request, did not answer it in time, or could not be reached. */
export class SignalRequestError extends Error {
	/** The server's word; or why there is none. */
	readonly reason: RequestResponse_Reason | "TimeoutError" | "Disconnected";

	constructor(message: string, reason: RequestResponse_Reason | "TimeoutError" | "Disconnected") {
		super(message);
		this.reason = reason;
	}
	override get name(): string {
		return "SignalRequestError";
	}
}

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
