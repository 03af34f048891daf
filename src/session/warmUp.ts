/** A visit to a server ahead of time: what a connect() looks up on its way is then in caches. */

import { parseEndpoint } from "../signal/Endpoint";
import { HttpGet } from "../signal/http";
import { Regions, type RegionsOptions } from "../signal/regions/Regions";

/** Milliseconds; the visit is a courtesy. */
const TIMEOUT = 5000;

/**
 * Resolves when the server has answered, whatever it said, or could not be reached. Where there are
 * regions, and a token to ask with, it is the nearest that is visited: its URL.
 */
export async function warmUp(
	this: unknown,
	url: string,
	token: string | undefined,
	options: RegionsOptions,
): Promise<string | undefined> {
	const region = token
		? await new Regions(options).nearest(url, token).catch(() => undefined)
		: undefined;
	await visit(region ?? url, options);
	return region;
}

function visit(this: unknown, url: string, options: RegionsOptions): Promise<void> {
	return new Promise((resolve) => {
		try {
			const endpoint = parseEndpoint(url);
			new HttpGet({
				endpoint,
				target: `${endpoint.path}/`,
				headers: "",
				tls: options.tls,
				timeout: TIMEOUT,
				onDone: () => resolve(),
			});
		} catch {
			resolve(); // connect() will say why
		}
	});
}
