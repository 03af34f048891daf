/** In the place of signal/regions/Regions.ts: a server is the only one. */

import { absent, type Public } from "livekit/absent/absent";
import type * as regions from "../signal/regions/Regions";

export class Regions implements Public<regions.Regions> {
	constructor(options: regions.RegionsOptions) {
		if (options.hasRegions) throw absent("regions", "manifest_servers.json");
	}
	exist(): boolean {
		return false;
	}
	async next(): Promise<undefined> {}
	async nearest(): Promise<undefined> {}
	reported(): void {}
	reset(): void {}
	cancel(): void {}
}
