/** Events of a Room: livekit-client's names, arguments and order. */

import type { ChatMessage, SipDTMF, TranscriptionSegment } from "../data/messages";
import type { ObjectValue } from "../data/objects/ObjectCodec";
import type {
	DataPacket_Kind as DataPacketKind,
	DisconnectReason,
	Encryption_Type as EncryptionType,
	SubscriptionError,
} from "../protocol/generated/enums";
import type { ParticipantPermission } from "../protocol/generated/types";
import type { LocalParticipant } from "./LocalParticipant";
import type { LocalTrackPublication } from "./LocalTrackPublication";
import type { ConnectionQuality, Participant } from "./Participant";
import type { RemoteParticipant } from "./RemoteParticipant";
import type { RemoteTrackPublication } from "./RemoteTrackPublication";
import type { RemoteAudioTrack, Track } from "./Track";
import type { TrackPublication } from "./TrackPublication";

export const ConnectionState = Object.freeze({
	Disconnected: "disconnected",
	Connecting: "connecting",
	Connected: "connected",
	/** Media is lost, or all is: see RoomEvent.Reconnecting. */
	Reconnecting: "reconnecting",
	/** Signalling is lost; sound goes on. */
	SignalReconnecting: "signalReconnecting",
} as const);
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

export const RoomEvent = Object.freeze({
	/** In the room, with media up and data channels open. */
	Connected: "connected",
	/** Out of the room; the reason is undefined when nobody gave one. */
	Disconnected: "disconnected",
	/** Signalling is lost and on its way back; sound and data go on. Reconnected or more follows. */
	SignalReconnecting: "signalReconnecting",
	/**
	 * Media is lost, and on its way back. When the server does not know us any more, everybody and all
	 * tracks of ours have gone before this, or go after it, and come again behind Reconnected.
	 */
	Reconnecting: "reconnecting",
	/** All is well again. */
	Reconnected: "reconnected",
	/** Before the event of the state itself. */
	ConnectionStateChanged: "connectionStateChanged",
	/** The server has let us in; media is not up yet. */
	SignalConnected: "signalConnected",
	/** The server has put us into another room: the participants are others, the connection goes on. */
	Moved: "moved",
	/** Only for who comes after us. */
	ParticipantConnected: "participantConnected",
	ParticipantDisconnected: "participantDisconnected",
	/** The participant can send and receive. */
	ParticipantActive: "participantActive",
	/** Only for tracks published after we came. */
	TrackPublished: "trackPublished",
	TrackUnpublished: "trackUnpublished",
	/** The track plays from now on; also for tracks that were there before us. */
	TrackSubscribed: "trackSubscribed",
	TrackUnsubscribed: "trackUnsubscribed",
	TrackSubscriptionFailed: "trackSubscriptionFailed",
	/** Its publisher lets us subscribe to it, or no longer. */
	TrackSubscriptionPermissionChanged: "trackSubscriptionPermissionChanged",
	/** What we want of it, and whether it is here; right behind TrackSubscribed and TrackUnsubscribed. */
	TrackSubscriptionStatusChanged: "trackSubscriptionStatusChanged",
	/** The server pauses or resumes a subscribed track, for want of bandwidth. */
	TrackStreamStateChanged: "trackStreamStateChanged",
	/** Of any participant, the local one too. */
	TrackMuted: "trackMuted",
	TrackUnmuted: "trackUnmuted",
	LocalTrackPublished: "localTrackPublished",
	LocalTrackUnpublished: "localTrackUnpublished",
	/** Somebody subscribed to a track of ours for the first time. */
	LocalTrackSubscribed: "localTrackSubscribed",
	/** A microphone that was just published gives digital silence: is it the right one? */
	LocalAudioSilenceDetected: "localAudioSilenceDetected",
	/** Loudest first. */
	ActiveSpeakersChanged: "activeSpeakersChanged",
	ConnectionQualityChanged: "connectionQualityChanged",
	ParticipantMetadataChanged: "participantMetadataChanged",
	ParticipantNameChanged: "participantNameChanged",
	ParticipantAttributesChanged: "participantAttributesChanged",
	ParticipantPermissionsChanged: "participantPermissionsChanged",
	RoomMetadataChanged: "roomMetadataChanged",
	/** The room is recorded, or no longer. */
	RecordingStatusChanged: "recordingStatusChanged",
	/**
	 * Somebody called publishData(). Data may overtake the news of who came: then the participant is
	 * undefined, and its identity is the last argument.
	 */
	DataReceived: "dataReceived",
	/**
	 * More of this kind of packets waits to be sent than a quarter of the send buffer (a third of maxDataBytes;
	 * of lossy ones, 8 KB at most): isLow is false; and true, when that is over. For pacing what is sent.
	 */
	DCBufferStatusChanged: "dcBufferStatusChanged",
	/** Somebody called publishObject(), or sent MessagePack with a topic that says so. */
	ObjectReceived: "objectReceived",
	/** Of others, and of ours when it is sent. Also a text stream of topic `lk.chat`, if that has no handler. */
	ChatMessage: "chatMessage",
	SipDTMFReceived: "sipDTMFReceived",
	/** As packets; agents send text streams of topic `lk.transcription`. */
	TranscriptionReceived: "transcriptionReceived",
	/** A microphone or speaker could not be opened. */
	MediaDevicesError: "mediaDevicesError",
} as const);
export type RoomEvent = (typeof RoomEvent)[keyof typeof RoomEvent];

export interface RoomEvents {
	connected: [];
	disconnected: [reason?: DisconnectReason];
	connectionStateChanged: [state: ConnectionState];
	signalConnected: [];
	signalReconnecting: [];
	reconnecting: [];
	reconnected: [];
	moved: [name: string];
	participantConnected: [participant: RemoteParticipant];
	participantDisconnected: [participant: RemoteParticipant, reason?: DisconnectReason];
	participantActive: [participant: Participant];
	trackPublished: [publication: RemoteTrackPublication, participant: RemoteParticipant];
	trackUnpublished: [publication: RemoteTrackPublication, participant: RemoteParticipant];
	trackSubscribed: [
		track: RemoteAudioTrack,
		publication: RemoteTrackPublication,
		participant: RemoteParticipant,
	];
	trackUnsubscribed: [
		track: RemoteAudioTrack,
		publication: RemoteTrackPublication,
		participant: RemoteParticipant,
	];
	trackSubscriptionFailed: [
		trackSid: string,
		participant: RemoteParticipant,
		reason?: SubscriptionError,
	];
	trackSubscriptionPermissionChanged: [
		publication: RemoteTrackPublication,
		status: TrackPublication.PermissionStatus,
		participant: RemoteParticipant,
	];
	trackSubscriptionStatusChanged: [
		publication: RemoteTrackPublication,
		status: TrackPublication.SubscriptionStatus,
		participant: RemoteParticipant,
	];
	trackStreamStateChanged: [
		publication: RemoteTrackPublication,
		state: Track.StreamState,
		participant: RemoteParticipant,
	];
	trackMuted: [publication: TrackPublication, participant: Participant];
	trackUnmuted: [publication: TrackPublication, participant: Participant];
	localTrackPublished: [publication: LocalTrackPublication, participant: LocalParticipant];
	localTrackUnpublished: [publication: LocalTrackPublication, participant: LocalParticipant];
	localTrackSubscribed: [publication: LocalTrackPublication, participant: LocalParticipant];
	localAudioSilenceDetected: [publication: LocalTrackPublication];
	activeSpeakersChanged: [speakers: Participant[]];
	connectionQualityChanged: [quality: ConnectionQuality, participant: Participant];
	participantMetadataChanged: [previous: string | undefined, participant: Participant];
	participantNameChanged: [name: string, participant: Participant];
	/** Only what changed; "" for an attribute that was deleted. */
	participantAttributesChanged: [changed: Record<string, string>, participant: Participant];
	participantPermissionsChanged: [
		previous: ParticipantPermission | undefined,
		participant: Participant,
	];
	roomMetadataChanged: [metadata: string];
	recordingStatusChanged: [recording: boolean];
	/** The payload is in native memory and costs the engine's heap next to nothing. */
	dcBufferStatusChanged: [isLow: boolean, kind: DataPacketKind];
	dataReceived: [
		payload: Uint8Array,
		participant: RemoteParticipant | undefined,
		kind: DataPacketKind,
		topic: string | undefined,
		encryptionType: EncryptionType,
		participantIdentity: string,
	];
	/**
	 * Objects in it are read by their properties' names. To list those (Object.keys, JSON) makes
	 * names of what a peer wrote, which XS never frees: do that where you trust it.
	 */
	objectReceived: [
		value: ObjectValue,
		participant: RemoteParticipant | undefined,
		topic: string,
		kind: DataPacketKind,
		participantIdentity: string,
	];
	chatMessage: [message: ChatMessage, participant?: Participant];
	sipDTMFReceived: [dtmf: SipDTMF, participant?: RemoteParticipant];
	/** Who is transcribed, and which of its tracks. */
	transcriptionReceived: [
		segments: TranscriptionSegment[],
		participant?: Participant,
		publication?: TrackPublication,
	];
	mediaDevicesError: [error: Error, kind: "audioinput" | "audiooutput"];
}
