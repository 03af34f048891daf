/** The public API; livekit-client's names and meanings. */

export {
	DataPacket_Kind,
	DisconnectReason,
	Encryption_Type,
	SubscriptionError,
} from "./protocol/generated/enums";
export {
	ConnectionError,
	ConnectionErrorReason,
	MediaDeviceError,
	PublishDataError,
	PublishDataErrorReason,
	TrackPublishError,
} from "./room/errors";
export { ConnectionState, RoomEvent, type RoomEvents } from "./room/events";
export { LocalParticipant } from "./room/LocalParticipant";
export type { DataPublishOptions, RoomConnectOptions, RoomOptions } from "./room/options";
export { ConnectionQuality, Participant, ParticipantKind } from "./room/Participant";
export { RemoteParticipant } from "./room/RemoteParticipant";
export { Room, type RoomStats } from "./room/Room";
export { LocalAudioTrack, RemoteAudioTrack, Track } from "./room/Track";
export {
	LocalTrackPublication,
	RemoteTrackPublication,
	TrackPublication,
} from "./room/TrackPublication";
export type { SessionStats } from "./session/types";
