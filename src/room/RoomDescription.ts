/** What the server tells of the room itself. */

import { Emitter } from "../platform/emitter";
import type { Room as RoomInfo } from "../protocol/generated/types";
import type { RoomCore } from "./RoomCore";

export interface RoomDescriptionEvents {
	/** It has a sid now; servers may tell it late. */
	sid: [sid: string];
}

export class RoomDescription extends Emitter<RoomDescriptionEvents> {
	readonly #core: RoomCore;
	#info: RoomInfo | undefined;

	constructor(core: RoomCore) {
		super();
		this.#core = core;
	}

	get info(): RoomInfo | undefined {
		return this.#info;
	}

	/** A room's first description: nothing of it is news. */
	begin(info: RoomInfo | undefined): void {
		this.#info = info;
	}

	update(info: RoomInfo): void {
		const before = this.#info;
		this.#info = info;
		if (info.sid && !before?.sid) this.emit("sid", info.sid);
		if ((before?.metadata ?? "") !== info.metadata) {
			this.#core.announce("roomMetadataChanged", info.metadata);
		}
		if ((before?.activeRecording ?? false) !== info.activeRecording) {
			this.#core.announce("recordingStatusChanged", info.activeRecording);
		}
	}
}
