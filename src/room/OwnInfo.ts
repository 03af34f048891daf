/**
 * What the local participant says of itself: name, metadata, attributes. The server does not answer
 * what it grants; it sends the participant's new description to all, and to us.
 */

import { Timeout } from "../platform/Timeout";
import { RequestResponse_Reason as RequestReason } from "../protocol/generated/enums";
import type { ParticipantInfo } from "../protocol/generated/types";
import { SignalRequestError } from "./errors";
import type { RoomSession } from "./RoomSession";

/** Milliseconds for the server to show what was asked for. */
const TIMEOUT = 5000;

export interface OwnChange {
	name?: string;
	metadata?: string;
	/** An empty value deletes the attribute. */
	attributes?: Readonly<Record<string, string>>;
}

interface Waiting {
	readonly change: OwnChange;
	readonly timeout: Timeout;
	resolve(): void;
	reject(error: SignalRequestError): void;
}

export class OwnInfo {
	#session: RoomSession | undefined;
	readonly #waiting = new Set<Waiting>();

	attach(session: RoomSession): void {
		this.#session = session;
	}

	detach(): void {
		this.#session = undefined;
		this.#waiting.forEach((waiting) =>
			this.#settle(waiting, new SignalRequestError("the room was disconnected", "Disconnected")),
		);
	}

	/**
	 * Resolves when the server shows the change; rejects with SignalRequestError when it refuses, or
	 * does not within 5 s. `info` is what it shows now.
	 */
	request(change: OwnChange, info: ParticipantInfo | undefined): Promise<void> {
		const session = this.#session;
		if (!session) {
			return Promise.reject(new SignalRequestError("the room is not connected", "Disconnected"));
		}
		return new Promise((resolve, reject) => {
			const waiting: Waiting = { change, timeout: new Timeout(), resolve, reject };
			this.#waiting.add(waiting);
			waiting.timeout.start(TIMEOUT, () => {
				const message = `the server did not take the change within ${TIMEOUT / 1000} s`;
				this.#settle(waiting, new SignalRequestError(message, "TimeoutError"));
			});
			session
				.request(
					(requestId) => ({
						updateMetadata: {
							requestId,
							metadata: change.metadata ?? info?.metadata,
							name: change.name ?? info?.name,
							attributes: new Map(Object.entries(change.attributes ?? {})),
						},
					}),
					TIMEOUT,
				)
				.then((response) => {
					if (!response || response.reason === RequestReason.OK) return;
					const message = `the server refused the change: ${response.message}`;
					this.#settle(waiting, new SignalRequestError(message, response.reason));
				});
			this.update(info);
		});
	}

	/** The server's newest description of us. */
	update(info: ParticipantInfo | undefined): void {
		if (!info) return;
		this.#waiting.forEach((waiting) => {
			if (shows(info, waiting.change)) this.#settle(waiting);
		});
	}

	#settle(waiting: Waiting, error?: SignalRequestError): void {
		if (!this.#waiting.delete(waiting)) return;
		waiting.timeout.stop();
		if (error) waiting.reject(error);
		else waiting.resolve();
	}
}

/** The server takes an empty name or metadata for none: it cannot be shown, and is not waited for. */
function shows(info: ParticipantInfo, { name, metadata, attributes = {} }: OwnChange): boolean {
	if (name && name !== info.name) return false;
	if (metadata && metadata !== info.metadata) return false;
	return Object.keys(attributes).every(
		(key) => (info.attributes.get(key) ?? "") === attributes[key],
	);
}
