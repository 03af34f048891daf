/** What the server tells of a room: who is there at first, who comes and goes, and all that changes. */

import type { Handlers } from "../platform/emitter";
import { ParticipantInfo_State as ParticipantState } from "../protocol/generated/enums";
import type {
	ConnectionQualityUpdate,
	JoinResponse,
	MuteTrackRequest,
	ParticipantInfo,
	ParticipantUpdate,
	RoomMovedResponse,
	RoomUpdate,
	ServerInfo,
	SpeakersChanged,
	StreamStateUpdate,
	SubscriptionPermissionUpdate,
	SubscriptionResponse,
	TrackSubscribed,
	TrackUnpublishedResponse,
} from "../protocol/generated/types";
import type { IncomingTrack } from "../session/Receivers";
import type { SessionEvents } from "../session/types";
import type { Participants } from "./Participants";
import type { RoomCore } from "./RoomCore";
import type { RoomDescription } from "./RoomDescription";
import type { Subscriptions } from "./Subscriptions";

/** Most of its methods are a session's events. */
export class RoomUpdates implements Handlers<SessionEvents> {
	readonly #core: RoomCore;
	readonly #description: RoomDescription;
	readonly #participants: Participants;
	readonly #subscriptions: Subscriptions;
	serverInfo: ServerInfo | undefined;

	constructor(
		core: RoomCore,
		description: RoomDescription,
		participants: Participants,
		subscriptions: Subscriptions,
	) {
		this.#core = core;
		this.#description = description;
		this.#participants = participants;
		this.#subscriptions = subscriptions;
	}

	joined(join: JoinResponse): void {
		this.enter(join);
		this.#core.room.emit("signalConnected");
	}
	update({ participants }: ParticipantUpdate): void {
		this.#onParticipants(participants);
	}
	speakersChanged({ speakers }: SpeakersChanged): void {
		this.#participants.updateSpeakers(speakers);
	}
	roomUpdate({ room }: RoomUpdate): void {
		if (room) this.#description.update(room);
	}
	connectionQuality({ updates }: ConnectionQualityUpdate): void {
		this.#participants.updateQuality(updates);
	}
	mute({ sid, muted }: MuteTrackRequest): void {
		this.#core.local.remoteMute(sid, muted);
	}
	trackUnpublished({ trackSid }: TrackUnpublishedResponse): void {
		this.#core.local.remoteUnpublish(trackSid);
	}
	trackSubscribed({ trackSid }: TrackSubscribed): void {
		// The word that it is published may have come in the same turn: that is heeded behind this.
		if (!this.#tellSubscribed(trackSid)) {
			Promise.resolve().then(() => this.#tellSubscribed(trackSid));
		}
	}
	subscriptionResponse({ trackSid, err }: SubscriptionResponse): void {
		this.#subscriptions.fail(trackSid, err);
	}
	subscriptionPermissionUpdate(update: SubscriptionPermissionUpdate): void {
		this.#subscriptions.permit(update);
	}
	streamStateUpdate({ streamStates }: StreamStateUpdate): void {
		this.#subscriptions.updateStates(streamStates);
	}
	/** The connection goes on in another room, with others in it. */
	roomMoved({ room, participant, otherParticipants }: RoomMovedResponse): void {
		this.#othersLeave();
		this.#description.begin(room);
		this.#core.room.emit("moved", room?.name ?? "");
		if (participant) this.#core.local.update(participant);
		this.#onParticipants(otherParticipants);
	}

	track(track: IncomingTrack): void {
		this.#subscriptions.start(track);
	}
	trackFailed(sid: string): void {
		this.#subscriptions.fail(sid);
	}
	trackEnded(sid: string): void {
		this.#subscriptions.end(sid);
	}

	/** We are in the room. */
	enter({ room, participant, otherParticipants, serverInfo }: JoinResponse): void {
		const { data, local } = this.#core;
		this.#description.begin(room);
		this.serverInfo = serverInfo;
		data.serverVersion = serverInfo?.version;
		if (participant) local.update(participant);
		this.#onParticipants(otherParticipants);
		local.joined();
	}

	/** The connection is lost for good: everybody and everything will come again. */
	leaveAll(): void {
		this.#othersLeave();
		this.#subscriptions.clear();
		this.#core.local.suspend();
	}

	#onParticipants(infos: Iterable<ParticipantInfo>): void {
		for (const info of infos) this.#onParticipant(info);
	}

	#othersLeave(): void {
		this.#participants.leaveAll().forEach((identity) => {
			this.#core.data.onParticipantGone(identity);
		});
		this.#core.data.forgetSender();
	}

	/** False: it is not ours, or not published yet. */
	#tellSubscribed(sid: string): boolean {
		const { local } = this.#core;
		const publication = local.trackPublications.get(sid);
		if (publication) this.#core.announceLater("localTrackSubscribed", publication, local);
		return publication !== undefined;
	}

	#onParticipant(info: ParticipantInfo): void {
		const { data } = this.#core;
		this.#participants.update(info);
		const { identity, sid, state } = info;
		if (state === ParticipantState.DISCONNECTED) data.forgetSender(sid);
		if (state === ParticipantState.DISCONNECTED && !this.#participants.remote.has(identity)) {
			data.onParticipantGone(identity);
		}
		this.#subscriptions.published(info.tracks);
	}
}
