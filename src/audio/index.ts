/** Sound of an app's own, for all that is outside of this folder. */

export { AudioFrame } from "./AudioFrame";
export { AudioSource, AudioSourceError } from "./AudioSource";
export { AudioStream, type AudioStreamOptions } from "./AudioStream";
