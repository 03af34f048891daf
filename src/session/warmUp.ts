/** A visit to a server ahead of time: what a connect() looks up on its way is then in caches. */

import type { StreamTLSOptions } from "webrtc-native/stream";
import { parseEndpoint } from "../signal/Endpoint";
import { HttpGet } from "../signal/http";

/** Milliseconds; the visit is a courtesy. */
const TIMEOUT = 5000;

/** Resolves when the server has answered, whatever it said, or could not be reached. */
export function warmUp(this: unknown, url: string, tls?: StreamTLSOptions): Promise<void> {
	return new Promise((resolve) => {
		try {
			const endpoint = parseEndpoint(url);
			new HttpGet({
				endpoint,
				target: `${endpoint.path}/`,
				headers: "",
				tls,
				timeout: TIMEOUT,
				onDone: () => resolve(),
			});
		} catch {
			resolve(); // connect() will say why
		}
	});
}
