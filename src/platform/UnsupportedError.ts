/** This device cannot do it: it has no camera and no screen to share, or its app was built without. */
export class UnsupportedError extends Error {
	/** livekit-client's DeviceUnsupportedError has this code. */
	readonly code = 21;

	override get name(): string {
		return "UnsupportedError";
	}
}
