/** What the server tells of a room: who is there at first, who comes and goes, and all that changes. */

import { ParticipantInfo_State as ParticipantState } from "../protocol/generated/enums";
import type {
	JoinResponse,
	ParticipantInfo,
	RoomMovedResponse,
	ServerInfo,
} from "../protocol/generated/types";
import type { Announce } from "./events";
import type { LocalParticipant } from "./LocalParticipant";
import type { Participants } from "./Participants";
import type { RoomData } from "./RoomData";
import type { RoomDescription } from "./RoomDescription";
import type { RoomSession } from "./RoomSession";
import type { Subscriptions } from "./Subscriptions";

/** What it concerns. */
export interface RoomParts {
	readonly description: RoomDescription;
	readonly participants: Participants;
	readonly subscriptions: Subscriptions;
	readonly data: RoomData;
	readonly local: LocalParticipant;
	readonly announce: Announce;
	/** The room has its new name, and nobody in it yet. */
	onMoved(): void;
}

export class RoomUpdates {
	readonly #parts: RoomParts;
	#serverInfo: ServerInfo | undefined;

	constructor(parts: RoomParts) {
		this.#parts = parts;
	}

	get serverInfo(): ServerInfo | undefined {
		return this.#serverInfo;
	}

	listen(session: RoomSession): void {
		const { description, participants, subscriptions, local, announce } = this.#parts;
		session.on("update", (update) => {
			for (const info of update.participants) this.#onParticipant(info);
		});
		session.on("speakersChanged", ({ speakers }) => participants.updateSpeakers(speakers));
		session.on("roomUpdate", ({ room }) => {
			if (room) description.update(room);
		});
		session.on("connectionQuality", ({ updates }) => participants.updateQuality(updates));
		session.on("mute", ({ sid, muted }) => local.remoteMute(sid, muted));
		session.on("trackUnpublished", ({ trackSid }) => local.remoteUnpublish(trackSid));
		session.on("trackSubscribed", ({ trackSid }) => {
			const publication = local.trackPublications.get(trackSid);
			if (publication) announce("localTrackSubscribed", publication, local);
		});
		session.on("subscriptionResponse", ({ trackSid, err }) => subscriptions.fail(trackSid, err));
		session.on("subscriptionPermissionUpdate", (update) => subscriptions.permit(update));
		session.on("streamStateUpdate", ({ streamStates }) => subscriptions.updateStates(streamStates));
		session.on("roomMoved", (moved) => this.#onMoved(moved));
	}

	/** We have joined. */
	enter({ room, participant, otherParticipants, serverInfo }: JoinResponse): void {
		const { description, data, local } = this.#parts;
		description.begin(room);
		this.#serverInfo = serverInfo;
		data.serverVersion = serverInfo?.version;
		if (participant) local.update(participant);
		for (const info of otherParticipants) this.#onParticipant(info);
		local.joined();
	}

	/** The connection is lost for good: everybody and everything will come again. */
	leaveAll(): void {
		this.#othersLeave();
		this.#parts.subscriptions.clear();
		this.#parts.local.suspend();
	}

	/** The connection goes on in another room, with others in it. */
	#onMoved({ room, participant, otherParticipants }: RoomMovedResponse): void {
		const { description, local, onMoved } = this.#parts;
		this.#othersLeave();
		description.begin(room);
		onMoved();
		if (participant) local.update(participant);
		for (const info of otherParticipants) this.#onParticipant(info);
	}

	#othersLeave(): void {
		const { participants, data } = this.#parts;
		for (const identity of participants.leaveAll()) data.onParticipantGone(identity);
		data.forgetSender();
	}

	#onParticipant(info: ParticipantInfo): void {
		const { participants, subscriptions, data } = this.#parts;
		participants.update(info);
		const { identity, sid, state } = info;
		if (state === ParticipantState.DISCONNECTED) data.forgetSender(sid);
		if (state === ParticipantState.DISCONNECTED && !participants.remote.has(identity)) {
			data.onParticipantGone(identity);
		}
		subscriptions.published(info.tracks);
	}
}
