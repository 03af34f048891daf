/** In the place of data/objects/ObjectCodec.ts. Objects of others are refused, and counted. */

import { absent, type Public } from "livekit/absent/absent";
import type * as objects from "../data/objects/ObjectCodec";

export const OBJECT_TOPIC: typeof objects.OBJECT_TOPIC = "msgpack/";

export class ObjectCodec implements Public<objects.ObjectCodec> {
	pack(): never {
		throw absent("objects", "manifest_objects.json");
	}
	unpack(): never {
		return this.pack();
	}
}
