/** The board's memory profile, for layers that have no door to native code of their own. */

export { memoryProfile } from "webrtc-native/device";
