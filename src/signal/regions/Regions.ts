/**
 * Other regions of a cloud that can be joined when the nearest cannot: what `/settings/regions` tells,
 * nearest first, and what a server's Leave does.
 */

import type { StreamTLSOptions } from "webrtc-native/stream";
import type { RegionInfo } from "../../protocol/generated/types";
import { ConnectionError, ConnectionErrorReason } from "../ConnectionError";
import { type Endpoint, parseEndpoint } from "../Endpoint";
import { HttpGet } from "../http";

/** Milliseconds for the question. */
const TIMEOUT = 5000;
/** Bytes of its answer. */
const MAX_BODY = 8192;
/** Others are not tried. */
const MAX_REGIONS = 16;

const CLOUD = /\.livekit\.(cloud|run)$/i;

/** As livekit-client has it. */
export function isCloud(this: unknown, host: string): boolean {
	return CLOUD.test(host);
}

export interface RegionsOptions {
	/** Whether the server of that name tells of regions; those of LiveKit Cloud by default. */
	hasRegions?(host: string): boolean;
	tls?: StreamTLSOptions;
}

export class Regions {
	readonly #options: RegionsOptions;
	/** URLs that have not been tried since reset(); undefined: the server has not been asked. */
	#left: string[] | undefined;
	#cancel: (() => void) | undefined;

	constructor(options: RegionsOptions) {
		this.#options = options;
	}

	/** Whether there may be some for that URL. */
	exist(home: string): boolean {
		const endpoint = endpointOf(home);
		return endpoint !== undefined && (this.#options.hasRegions ?? isCloud)(endpoint.host);
	}

	/**
	 * The next region to join after `error` at `failed`. Undefined: there is none, or the error is not
	 * one that a region has. `home` is the app's URL. Rejects with ConnectionError NotAllowed when the
	 * token is not taken.
	 */
	async next(
		home: string,
		token: string,
		error: ConnectionError,
		failed = home,
	): Promise<string | undefined> {
		if (
			error.reason === ConnectionErrorReason.Cancelled ||
			error.reason === ConnectionErrorReason.NotAllowed
		)
			return undefined;
		if (!this.exist(home)) return undefined;
		this.#left ??= (await this.#ask(parseEndpoint(home), token)).filter((url) => url !== failed);
		return this.#left.shift();
	}

	/** Undefined: there are none. Rejects as next(). */
	async nearest(home: string, token: string): Promise<string | undefined> {
		if (!this.exist(home)) return undefined;
		return (await this.#ask(parseEndpoint(home), token))[0];
	}

	/** A server that sends us away says where there are others. */
	reported(home: string, regions: readonly RegionInfo[]): void {
		this.#left = usable(endpointOf(home), regions);
	}

	/** All may be tried again. */
	reset(): void {
		this.#left = undefined;
	}

	/** A next() under way resolves to undefined. */
	cancel(): void {
		this.#cancel?.();
	}

	#ask(endpoint: Endpoint, token: string): Promise<string[]> {
		return new Promise((resolve, reject) => {
			const settle = (urls: string[]) => {
				this.#cancel = undefined;
				resolve(urls);
			};
			const get = new HttpGet({
				endpoint,
				target: "/settings/regions",
				headers: `Authorization: Bearer ${token}\r\n`,
				tls: this.#options.tls,
				timeout: TIMEOUT,
				maxBody: MAX_BODY,
				onDone: (answer) => {
					if (answer?.status === 401) {
						this.#cancel = undefined;
						const message = "the server refuses the token (HTTP 401): make a new one";
						const details = { status: answer.status };
						reject(new ConnectionError(message, ConnectionErrorReason.NotAllowed, details));
					} else settle(answer?.status === 200 ? parse(endpoint, answer.body) : []);
				},
			});
			this.#cancel = () => {
				get.close();
				settle([]);
			};
		});
	}
}

/** RegionSettings as JSON. */
function parse(endpoint: Endpoint, body: string): string[] {
	try {
		const { regions } = JSON.parse(body);
		return Array.isArray(regions) ? usable(endpoint, regions) : [];
	} catch {
		return [];
	}
}

/** Undefined: it is none, which the error of whoever connects says already. */
function endpointOf(url: unknown): Endpoint | undefined {
	try {
		return parseEndpoint(String(url));
	} catch {
		return undefined;
	}
}

/** The token goes there: not without TLS when it came with it. */
function usable(home: Endpoint | undefined, regions: readonly Partial<RegionInfo>[]): string[] {
	return regions.slice(0, MAX_REGIONS).flatMap((region) => {
		const endpoint = endpointOf(region?.url);
		return endpoint && (endpoint.secure || !home?.secure) ? String(region.url) : [];
	});
}
