/** Secure random bytes for layers that have no door to native code of their own. */

import { randomBytes } from "webrtc-native/device";

export { randomBytes };

/** RFC 9562, version 4. */
export function randomId(this: unknown): string {
	const bytes = new Uint8Array(randomBytes(16));
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
