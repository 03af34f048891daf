/**
 * A LiveKit room: who is in it, what they publish, and the events of both. State comes from a
 * session's events alone; all input and output is the session's.
 */

import type { Speaker } from "webrtc-native/device";
import { DataPackets, type DataStats } from "../data/DataPackets";
import { Emitter } from "../platform/emitter";
import {
	Encryption_Type as EncryptionType,
	ParticipantInfo_State as ParticipantState,
	type SubscriptionError,
} from "../protocol/generated/enums";
import type {
	DataPacket,
	JoinResponse,
	ParticipantInfo,
	Room as RoomInfo,
	SpeakerInfo,
} from "../protocol/generated/types";
import { newCid } from "../session/ids";
import type { IncomingTrack } from "../session/Negotiation";
import { sessionFactory } from "../session/Session";
import type { SessionEnd, SessionOptions, SessionStats } from "../session/types";
import { ConnectionError, ConnectionErrorReason, MediaDeviceError } from "./errors";
import { ConnectionState, type RoomEvents } from "./events";
import { LocalParticipant } from "./LocalParticipant";
import type { RoomConnectOptions, RoomOptions } from "./options";
import type { Participant } from "./Participant";
import { RemoteParticipant } from "./RemoteParticipant";
import type { RoomSession } from "./RoomSession";
import { RemoteAudioTrack } from "./Track";
import type { RemoteTrackPublication } from "./TrackPublication";

/** Nothing is encrypted from end to end. */
const { NONE } = EncryptionType;

export interface RoomStats extends SessionStats {
	data: DataStats;
}

interface Connecting {
	resolve(): void;
	reject(error: Error): void;
}

export class Room extends Emitter<RoomEvents> {
	readonly localParticipant: LocalParticipant;
	/** By identity. */
	readonly remoteParticipants = new Map<string, RemoteParticipant>();
	/** Loudest first. */
	activeSpeakers: Participant[] = [];
	readonly #options: RoomOptions;
	readonly #createSession: (options: SessionOptions) => RoomSession;
	#state: ConnectionState = ConnectionState.Disconnected;
	#info: RoomInfo | undefined;
	#session: RoomSession | undefined;
	#speaker: Speaker | undefined;
	#speakerFailed = false;
	#packets: DataPackets | undefined;
	/** Of the session before, as it ended. */
	#stats: RoomStats | undefined;
	/** What the server sends us, by track sid; it may be here before its publication. */
	readonly #media = new Map<string, IncomingTrack>();
	/** Events that belong after Connected. */
	#deferred: (() => void)[] = [];
	/** Of connect(), while it is under way. */
	#connecting: Connecting | undefined;

	/** @param createSession for tests */
	constructor(
		options: RoomOptions = {},
		createSession: (options: SessionOptions) => RoomSession = sessionFactory(),
	) {
		super();
		this.#options = options;
		this.#createSession = createSession;
		this.localParticipant = new LocalParticipant({
			openMicrophone: () => this.#open("audioinput", "microphone", options.microphone),
			newCid,
			announce: (event, ...args) => this.#afterConnected(() => this.emit(event, ...args)),
			onPublishFailed: (error) => {
				if (this.#session) this.emit("mediaDevicesError", error, "audioinput");
			},
		});
	}

	get state(): ConnectionState {
		return this.#state;
	}
	/** "" before the server has told it. */
	get sid(): string {
		return this.#info?.sid ?? "";
	}
	get name(): string {
		return this.#info?.name ?? "";
	}
	get metadata(): string | undefined {
		return this.#info?.metadata;
	}
	/** As the server counts them, us included; it tells every few seconds. */
	get numParticipants(): number {
		return this.#info?.numParticipants ?? 0;
	}

	/**
	 * Joins, and resolves when media is up and data channels are open. Sound does not wait for data.
	 * `url` is the server's (wss://…), `token` an access token.
	 * Rejects with ConnectionError: its reason and one line that says what happened.
	 */
	connect(url: string, token: string, options: RoomConnectOptions = {}): Promise<void> {
		if (this.#session) {
			const message = "the room is connected already: disconnect() first";
			return Promise.reject(new ConnectionError(message, ConnectionErrorReason.InternalError));
		}
		const { maxSignalBytes, maxDataBytes, tls } = this.#options;
		const session = this.#createSession({
			autoSubscribe: options.autoSubscribe ?? true,
			mediaTimeout: options.peerConnectionTimeout,
			maxDataBytes,
			signal: {
				...(maxSignalBytes && { maxSignalBytes }),
				...(options.websocketTimeout && { openTimeout: options.websocketTimeout }),
				tls,
			},
			speaker: () => this.#openSpeaker(),
		});
		const packets = new DataPackets((bytes, kind) => session.sendData(bytes, kind));
		this.#session = session;
		this.#packets = packets;
		this.#listen(session);
		session.on("data", (message) => this.#onData(packets.receive(message)));
		return new Promise((resolve, reject) => {
			this.#connecting = { resolve, reject };
			this.#setState(ConnectionState.Connecting);
			if (this.#session !== session) return; // a listener has called disconnect()
			session.start(url, token);
			this.localParticipant.attach(session, packets);
			this.#openSpeaker(); // takes its time while the network takes its
		});
	}

	/**
	 * Leaves, and closes microphone and speaker. A connect() under way rejects with ConnectionError
	 * Cancelled.
	 */
	async disconnect(): Promise<void> {
		this.#session?.leave();
		this.localParticipant.closeMicrophone();
	}

	getParticipantByIdentity(identity: string): Participant | undefined {
		if (identity && this.localParticipant.identity === identity) return this.localParticipant;
		return this.remoteParticipants.get(identity);
	}

	/** For reports. After the end: as it was then. Undefined before the first connect(). */
	getStats(): RoomStats | undefined {
		const session = this.#session;
		const packets = this.#packets;
		if (!session || !packets) return this.#stats;
		const firstSound = this.#speaker?.firstSound;
		if (firstSound !== undefined) session.timeline.mark("firstSoundOut", firstSound);
		return { ...session.stats, data: { ...packets.stats } };
	}

	#listen(session: RoomSession): void {
		session.on("joined", (join) => this.#onJoined(join));
		session.on("connected", () => this.#onConnected());
		session.on("closed", (end) => this.#onClosed(end));
		session.on("track", (track) => {
			this.#media.set(track.sid, track);
			this.#subscribe(track);
		});
		session.on("trackFailed", (sid) => this.#onTrackFailed(sid));
		session.on("trackEnded", (sid) => {
			this.#media.delete(sid);
			const found = this.#findTrack(sid);
			if (found) found.participant.unsubscribe(found.publication, this.#announce);
		});
		session.on("update", ({ participants }) => {
			for (const info of participants) this.#onParticipant(info);
		});
		session.on("speakersChanged", ({ speakers }) => this.#onSpeakers(speakers));
		session.on("roomUpdate", ({ room }) => {
			if (room) this.#onRoom(room);
		});
		session.on("connectionQuality", ({ updates }) => {
			for (const { participantSid, quality } of updates) {
				this.#bySid(participantSid)?.updateQuality(quality, this.#announce);
			}
		});
		session.on("mute", ({ sid, muted }) => this.localParticipant.remoteMute(sid, muted));
		session.on("trackUnpublished", ({ trackSid }) =>
			this.localParticipant.remoteUnpublish(trackSid),
		);
		session.on("trackSubscribed", ({ trackSid }) => {
			const publication = this.localParticipant.trackPublications.get(trackSid);
			if (publication) this.#announce("localTrackSubscribed", publication, this.localParticipant);
		});
		session.on("subscriptionResponse", ({ trackSid, err }) => this.#onTrackFailed(trackSid, err));
	}

	#onJoined({ room, participant, otherParticipants }: JoinResponse): void {
		this.#info = room;
		if (participant) this.localParticipant.update(participant, this.#announce);
		for (const info of otherParticipants) this.#onParticipant(info);
		this.emit("signalConnected");
	}

	#onConnected(): void {
		this.#takeConnecting()?.resolve();
		this.#setState(ConnectionState.Connected);
		this.emit("connected");
		const deferred = this.#deferred;
		this.#deferred = [];
		for (const run of deferred) run();
	}

	/** Taken before listeners run: one of them may call connect() again. */
	#takeConnecting(): Connecting | undefined {
		const connecting = this.#connecting;
		this.#connecting = undefined;
		return connecting;
	}

	#onClosed({ error, reason }: SessionEnd): void {
		this.#takeConnecting()?.reject(
			error ?? new ConnectionError("the connection ended", ConnectionErrorReason.InternalError),
		);
		this.#stats = this.getStats();
		for (const participant of this.remoteParticipants.values()) {
			for (const publication of participant.trackPublications.values()) {
				participant.unsubscribe(publication, this.#announce);
			}
		}
		this.localParticipant.detach();
		this.#session = undefined;
		this.#packets = undefined;
		this.#deferred = [];
		this.#media.clear();
		this.remoteParticipants.clear();
		this.activeSpeakers = [];
		this.#speaker?.close();
		this.#speaker = undefined;
		this.#speakerFailed = false;
		this.#setState(ConnectionState.Disconnected);
		this.emit("disconnected", reason);
	}

	#onParticipant(info: ParticipantInfo): void {
		if (info.identity === this.localParticipant.identity) {
			this.localParticipant.update(info, this.#announce);
			return;
		}
		const known = this.remoteParticipants.get(info.identity);
		if (info.state === ParticipantState.DISCONNECTED) {
			if (known) this.#onParticipantGone(known, info);
		} else if (known) {
			known.update(info, this.#announce);
		} else {
			const participant = new RemoteParticipant(info);
			this.remoteParticipants.set(info.identity, participant);
			this.#announce("participantConnected", participant);
			participant.updateTracks(info, this.#announce);
		}
		for (const { sid } of info.tracks) {
			const track = this.#media.get(sid);
			if (track) this.#subscribe(track);
		}
	}

	#onParticipantGone(participant: RemoteParticipant, info: ParticipantInfo): void {
		if (participant.sid !== info.sid) return; // of a join before this one
		this.remoteParticipants.delete(participant.identity);
		for (const sid of [...participant.trackPublications.keys()]) {
			participant.unpublish(sid, this.#announce);
		}
		this.#announce("participantDisconnected", participant, info.disconnectReason || undefined);
		if (this.activeSpeakers.includes(participant)) this.#onSpeakers([]);
	}

	/** Deltas: who is not named goes on as before. */
	#onSpeakers(changes: readonly SpeakerInfo[]): void {
		const speakers = new Set(this.activeSpeakers);
		for (const { sid, level, active } of changes) {
			const participant = this.#bySid(sid);
			if (!participant) continue;
			participant.updateSpeaking(level, active);
			if (active) speakers.add(participant);
			else speakers.delete(participant);
		}
		for (const speaker of speakers) {
			if (this.#bySid(speaker.sid) !== speaker) speakers.delete(speaker); // has left
		}
		this.activeSpeakers = [...speakers].sort((a, b) => b.audioLevel - a.audioLevel);
		this.#announce("activeSpeakersChanged", this.activeSpeakers);
	}

	#onRoom(room: RoomInfo): void {
		const before = this.#info;
		this.#info = room;
		if (before?.metadata !== room.metadata) this.#announce("roomMetadataChanged", room.metadata);
	}

	#onData(packet: DataPacket | undefined): void {
		if (!packet?.user) return;
		const { user, kind, participantIdentity } = packet;
		this.#afterConnected(() => {
			const participant = this.remoteParticipants.get(participantIdentity);
			const { payload, topic } = user;
			this.emit("dataReceived", payload, participant, kind, topic, NONE, participantIdentity);
		});
	}

	/** Joins the media to its publication, when both are here and we are connected. */
	#subscribe(track: IncomingTrack): void {
		const found = this.#findTrack(track.sid);
		if (!found || found.publication.subscribed) return;
		this.#afterConnected(() => {
			const { participant, publication } = found;
			if (this.#media.get(track.sid) !== track || publication.subscribed) return;
			const audio = new RemoteAudioTrack(track.sid, publication.source, track.setVolume);
			participant.subscribe(publication, audio, this.#announce);
		});
	}

	#onTrackFailed(sid: string, reason?: SubscriptionError): void {
		const found = this.#findTrack(sid);
		if (found) this.#announce("trackSubscriptionFailed", sid, found.participant, reason);
	}

	#findTrack(
		sid: string,
	): { participant: RemoteParticipant; publication: RemoteTrackPublication } | undefined {
		for (const participant of this.remoteParticipants.values()) {
			const publication = participant.trackPublications.get(sid);
			if (publication) return { participant, publication };
		}
		return undefined;
	}

	#bySid(sid: string): Participant | undefined {
		if (this.localParticipant.sid === sid) return this.localParticipant;
		for (const participant of this.remoteParticipants.values()) {
			if (participant.sid === sid) return participant;
		}
		return undefined;
	}

	readonly #announce: <K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]) => void = (
		event,
		...args
	) => {
		if (this.#state === ConnectionState.Connected) this.emit(event, ...args);
	};

	#afterConnected(run: () => void): void {
		if (this.#state === ConnectionState.Connecting) this.#deferred.push(run);
		else run();
	}

	#setState(state: ConnectionState): void {
		if (this.#state === state) return;
		this.#state = state;
		this.emit("connectionStateChanged", state);
	}

	/** A speaker that does not open is told of once; the call goes on without. */
	#openSpeaker(): Speaker | undefined {
		const { speaker } = this.#options;
		if (speaker && !this.#speaker && !this.#speakerFailed) {
			try {
				this.#speaker = this.#open("audiooutput", "speaker", speaker);
			} catch {
				this.#speakerFailed = true;
			}
		}
		return this.#speaker;
	}

	#open<T>(kind: "audioinput" | "audiooutput", name: string, open: (() => T) | undefined): T {
		try {
			if (!open) throw new Error(`no ${name}: give \`${name}\` in the options of Room`);
			return open();
		} catch (cause) {
			const message = cause instanceof Error ? cause.message : String(cause);
			const error = new MediaDeviceError(message, kind);
			this.emit("mediaDevicesError", error, kind);
			throw error;
		}
	}
}
