/** Why a connection could not be made; livekit-client's names. */
export const ConnectionErrorReason = {
	NotAllowed: 0,
	ServerUnreachable: 1,
	InternalError: 2,
	Cancelled: 3,
	LeaveRequest: 4,
	Timeout: 5,
	WebSocket: 6,
	ServiceNotFound: 7,
} as const;
export type ConnectionErrorReason =
	(typeof ConnectionErrorReason)[keyof typeof ConnectionErrorReason];

/** connect() failed. The message is one line: what happened and, where it can be known, what to do. */
export class ConnectionError extends Error {
	readonly reason: ConnectionErrorReason;
	/** HTTP status, when the server answered with one. */
	readonly status?: number;
	/** The server's DisconnectReason, for LeaveRequest. */
	readonly context?: number;

	constructor(
		message: string,
		reason: ConnectionErrorReason,
		details: { status?: number; context?: number } = {},
	) {
		super(message);
		this.reason = reason;
		this.status = details.status;
		this.context = details.context;
	}
	override get name() {
		return "ConnectionError";
	}
	get reasonName(): keyof typeof ConnectionErrorReason {
		const names = Object.keys(ConnectionErrorReason) as (keyof typeof ConnectionErrorReason)[];
		return names[this.reason];
	}
}
