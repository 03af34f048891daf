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
	update(update: ParticipantUpdate): void {
		this.#onParticipants(update.participants);
	}
	speakersChanged(message: SpeakersChanged): void {
		this.#participants.updateSpeakers(message.speakers);
	}
	roomUpdate(update: RoomUpdate): void {
		if (update.room) this.#description.update(update.room);
	}
	connectionQuality(update: ConnectionQualityUpdate): void {
		this.#participants.updateQuality(update.updates);
	}
	mute(request: MuteTrackRequest): void {
		this.#core.local.remoteMute(request.sid, request.muted);
	}
	trackUnpublished(response: TrackUnpublishedResponse): void {
		this.#core.local.remoteUnpublish(response.trackSid);
	}
	trackSubscribed(message: TrackSubscribed): void {
		// The word that it is published may have come in the same turn: that is heeded behind this.
		if (!this.#tellSubscribed(message.trackSid)) {
			Promise.resolve().then(() => this.#tellSubscribed(message.trackSid));
		}
	}
	subscriptionResponse(response: SubscriptionResponse): void {
		this.#subscriptions.fail(response.trackSid, response.err);
	}
	subscriptionPermissionUpdate(update: SubscriptionPermissionUpdate): void {
		this.#subscriptions.permit(update);
	}
	streamStateUpdate(update: StreamStateUpdate): void {
		this.#subscriptions.updateStates(update.streamStates);
	}
	/** The connection goes on in another room, with others in it. */
	roomMoved(moved: RoomMovedResponse): void {
		this.#othersLeave();
		this.#description.begin(moved.room);
		this.#core.room.emit("moved", moved.room?.name ?? "");
		if (moved.participant) this.#core.local.update(moved.participant);
		this.#onParticipants(moved.otherParticipants);
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
	enter(join: JoinResponse): void {
		const { data, local } = this.#core;
		this.#description.begin(join.room);
		this.serverInfo = join.serverInfo;
		data.serverVersion = join.serverInfo?.version;
		if (join.participant) local.update(join.participant);
		this.#onParticipants(join.otherParticipants);
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
