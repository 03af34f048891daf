/**
 * Events of participants, publications and tracks. What happens is told by the room first, then by
 * the participant, the publication, the track: each by its own event, without itself among the
 * arguments. Like the room's, they are news: nothing is told before the room is connected.
 */

import type { ChatMessage, SipDTMF, TranscriptionSegment } from "../data/messages";
import type {
	DataPacket_Kind as DataPacketKind,
	Encryption_Type as EncryptionType,
	SubscriptionError,
} from "../protocol/generated/enums";
import type { ParticipantPermission } from "../protocol/generated/types";
import type { LocalTrackPublication } from "./LocalTrackPublication";
import type { ConnectionQuality } from "./Participant";
import type { RemoteTrackPublication } from "./RemoteTrackPublication";
import type { RemoteAudioTrack, Track } from "./Track";
import type { TrackPublication } from "./TrackPublication";

export const ParticipantEvent = Object.freeze({
	TrackPublished: "trackPublished",
	TrackUnpublished: "trackUnpublished",
	TrackSubscribed: "trackSubscribed",
	TrackUnsubscribed: "trackUnsubscribed",
	TrackSubscriptionFailed: "trackSubscriptionFailed",
	TrackSubscriptionPermissionChanged: "trackSubscriptionPermissionChanged",
	TrackSubscriptionStatusChanged: "trackSubscriptionStatusChanged",
	TrackStreamStateChanged: "trackStreamStateChanged",
	TrackMuted: "trackMuted",
	TrackUnmuted: "trackUnmuted",
	LocalTrackPublished: "localTrackPublished",
	LocalTrackUnpublished: "localTrackUnpublished",
	LocalTrackSubscribed: "localTrackSubscribed",
	ParticipantMetadataChanged: "participantMetadataChanged",
	ParticipantNameChanged: "participantNameChanged",
	AttributesChanged: "attributesChanged",
	ParticipantPermissionsChanged: "participantPermissionsChanged",
	/** Only here; the room tells of all speakers at once, behind it. */
	IsSpeakingChanged: "isSpeakingChanged",
	ConnectionQualityChanged: "connectionQualityChanged",
	/** It can send and receive. */
	Active: "active",
	DataReceived: "dataReceived",
	/** It wrote, or we did; see the room's events of these names. */
	ChatMessage: "chatMessage",
	SipDTMFReceived: "sipDTMFReceived",
	/** It was transcribed. */
	TranscriptionReceived: "transcriptionReceived",
	/** Of the local participant. */
	MediaDevicesError: "mediaDevicesError",
} as const);
export type ParticipantEvent = (typeof ParticipantEvent)[keyof typeof ParticipantEvent];

export interface ParticipantEvents {
	trackPublished: [publication: RemoteTrackPublication];
	trackUnpublished: [publication: RemoteTrackPublication];
	trackSubscribed: [track: RemoteAudioTrack, publication: RemoteTrackPublication];
	trackUnsubscribed: [track: RemoteAudioTrack, publication: RemoteTrackPublication];
	trackSubscriptionFailed: [trackSid: string, reason?: SubscriptionError];
	trackSubscriptionPermissionChanged: [
		publication: RemoteTrackPublication,
		status: TrackPublication.PermissionStatus,
	];
	trackSubscriptionStatusChanged: [
		publication: RemoteTrackPublication,
		status: TrackPublication.SubscriptionStatus,
	];
	trackStreamStateChanged: [publication: RemoteTrackPublication, state: Track.StreamState];
	trackMuted: [publication: TrackPublication];
	trackUnmuted: [publication: TrackPublication];
	localTrackPublished: [publication: LocalTrackPublication];
	localTrackUnpublished: [publication: LocalTrackPublication];
	localTrackSubscribed: [publication: LocalTrackPublication];
	participantMetadataChanged: [previous: string | undefined];
	participantNameChanged: [name: string];
	/** Only what changed; "" for an attribute that was deleted. */
	attributesChanged: [changed: Record<string, string>];
	participantPermissionsChanged: [previous: ParticipantPermission | undefined];
	isSpeakingChanged: [speaking: boolean];
	connectionQualityChanged: [quality: ConnectionQuality];
	active: [];
	dataReceived: [payload: Uint8Array, kind: DataPacketKind, encryptionType: EncryptionType];
	chatMessage: [message: ChatMessage];
	sipDTMFReceived: [dtmf: SipDTMF];
	transcriptionReceived: [segments: TranscriptionSegment[], publication?: TrackPublication];
	mediaDevicesError: [error: Error, kind: "audioinput" | "audiooutput"];
}

/** Events of publications and tracks. */
export const TrackEvent = Object.freeze({
	/** Of both. */
	Muted: "muted",
	Unmuted: "unmuted",
	/** Of remote publications. */
	Subscribed: "subscribed",
	Unsubscribed: "unsubscribed",
	SubscriptionFailed: "subscriptionFailed",
	SubscriptionPermissionChanged: "subscriptionPermissionChanged",
	SubscriptionStatusChanged: "subscriptionStatusChanged",
	/** Of a local track: it gives digital silence. */
	AudioSilenceDetected: "audioSilenceDetected",
} as const);
export type TrackEvent = (typeof TrackEvent)[keyof typeof TrackEvent];

export interface PublicationEvents {
	muted: [];
	unmuted: [];
	subscribed: [track: RemoteAudioTrack];
	unsubscribed: [track: RemoteAudioTrack];
	subscriptionFailed: [error: SubscriptionError | undefined];
	subscriptionPermissionChanged: [
		status: TrackPublication.PermissionStatus,
		previous: TrackPublication.PermissionStatus,
	];
	subscriptionStatusChanged: [
		status: TrackPublication.SubscriptionStatus,
		previous: TrackPublication.SubscriptionStatus,
	];
}

export interface TrackEvents {
	muted: [track: Track];
	unmuted: [track: Track];
	audioSilenceDetected: [];
}
