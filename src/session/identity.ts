/** The certificate and key that all calls of this device use; making one takes a device a second. */

import Preference from "preference";
import { createIdentity, type Identity } from "webrtc-native/webrtc";

const DOMAIN = "livekit";
const KEY = "identity";

/** Rejects when memory or entropy is missing. */
export function loadIdentity(this: unknown): Promise<Identity> {
	const stored = Preference.get(DOMAIN, KEY);
	const bytes = stored instanceof ArrayBuffer ? stored : undefined;
	return new Promise((resolve, reject) => {
		createIdentity(bytes, (identity, error) => {
			if (!identity) {
				reject(error ?? new Error("no identity was made"));
				return;
			}
			if (!bytes || !equal(bytes, identity.bytes)) Preference.set(DOMAIN, KEY, identity.bytes);
			resolve(identity);
		});
	});
}

function equal(a: ArrayBuffer, b: ArrayBuffer): boolean {
	if (a.byteLength !== b.byteLength) return false;
	const other = new Uint8Array(b);
	return new Uint8Array(a).every((byte, i) => byte === other[i]);
}
