/** The certificate and key that all calls of this device use; making one takes a device a second. */

import { createIdentity, type Identity } from "webrtc-native/webrtc";
import { load, save } from "../platform/storage";

const NAME = "identity";

/** Rejects when memory or entropy is missing. */
export function loadIdentity(this: unknown): Promise<Identity> {
	const stored = load(NAME);
	return new Promise((resolve, reject) => {
		createIdentity(stored, (identity, error) => {
			if (!identity) {
				reject(error ?? new Error("no identity was made"));
				return;
			}
			if (!stored || !equal(stored, identity.bytes)) save(NAME, identity.bytes);
			resolve(identity);
		});
	});
}

function equal(a: ArrayBuffer, b: ArrayBuffer): boolean {
	if (a.byteLength !== b.byteLength) return false;
	const other = new Uint8Array(b);
	return new Uint8Array(a).every((byte, i) => byte === other[i]);
}
