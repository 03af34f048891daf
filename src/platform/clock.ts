/** now(): milliseconds; never goes back. The SDK's `time` counts whole ones, and of the time of day on Linux. */
export { now } from "webrtc-native/device";
