/** The public API; livekit-client's names and meanings. */

export {
	AudioFrame,
	AudioSource,
	AudioSourceError,
	AudioStream,
	type AudioStreamOptions,
} from "./audio/index";
export type { ChatMessage, SipDTMF, TranscriptionSegment } from "./data/messages";
export type { ObjectValue } from "./data/objects/ObjectCodec";
export type { PerformRpcParams, RpcHandler, RpcInvocationData } from "./data/rpc/protocol";
export {
	type ByteStreamHandler,
	ByteStreamReader,
	ByteStreamWriter,
	type TextStreamHandler,
	TextStreamReader,
	TextStreamWriter,
} from "./data/streams/index";
export type {
	ByteStreamInfo,
	FileLike,
	SendBytesOptions,
	SendFileOptions,
	SendTextOptions,
	StreamBytesOptions,
	StreamTextOptions,
	TextStreamInfo,
} from "./data/streams/types";
export { type LogLevel, setLogLevel } from "./platform/log";
export {
	DataPacket_Kind,
	DisconnectReason,
	Encryption_Type,
	RequestResponse_Reason,
	SubscriptionError,
} from "./protocol/generated/enums";
export {
	ConnectionError,
	ConnectionErrorReason,
	DataStreamError,
	DataStreamErrorReason,
	MediaDeviceError,
	PublishDataError,
	PublishDataErrorReason,
	RpcError,
	SignalRequestError,
	TrackPublishError,
	UnsupportedError,
} from "./room/errors";
export { ConnectionState, RoomEvent, type RoomEvents } from "./room/events";
export { LocalParticipant } from "./room/LocalParticipant";
export { LocalTrackPublication } from "./room/LocalTrackPublication";
export type {
	CreateLocalTracksOptions,
	DataPublishOptions,
	ObjectPublishOptions,
	ParticipantTrackPermission,
	RoomConnectOptions,
	RoomOptions,
	TrackPublishDefaults,
	TrackPublishOptions,
} from "./room/options";
export {
	ConnectionQuality,
	Participant,
	ParticipantKind,
	ParticipantState,
} from "./room/Participant";
export {
	ParticipantEvent,
	type ParticipantEvents,
	type PublicationEvents,
	TrackEvent,
	type TrackEvents,
} from "./room/participantEvents";
export { RemoteParticipant } from "./room/RemoteParticipant";
export { RemoteTrackPublication } from "./room/RemoteTrackPublication";
export { Room, type RoomStats } from "./room/Room";
export type { SimulationScenario } from "./room/simulation";
export { LocalAudioTrack, RemoteAudioTrack, Track } from "./room/Track";
export { TrackPublication } from "./room/TrackPublication";
export type { RTCConfiguration, RTCIceServer } from "./session/iceServers";
export {
	DefaultReconnectPolicy,
	type ReconnectContext,
	type ReconnectPolicy,
} from "./session/ReconnectPolicy";
export type { SessionStats } from "./session/types";
