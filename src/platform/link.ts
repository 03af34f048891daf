/** News of the network beneath, for layers that have no door to native code of their own. */

import { NetworkLink } from "webrtc-native/device";

/** `onChange` is called when addresses have come or gone, until the returned object's close(). */
export function watchLink(this: unknown, onChange: (up: boolean) => void): { close(): void } {
	return new NetworkLink({ onChange });
}
