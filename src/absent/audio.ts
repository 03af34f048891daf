/** In the place of audio/index.ts. */

import { absent } from "livekit/absent/absent";

class Absent {
	constructor() {
		throw absent("sound of an app's own", "manifest_audio.json");
	}
}

export class AudioFrame extends Absent {}
export class AudioSource extends Absent {}
export class AudioStream extends Absent {}
/** None is ever thrown. */
export class AudioSourceError extends Error {}
