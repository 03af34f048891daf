/** Secure random bytes for layers that have no door to native code of their own. */
export { randomBytes } from "webrtc-native/device";
