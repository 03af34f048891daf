/** The public API; livekit-client's names and meanings. */

export type { ChatMessage, SipDTMF, TranscriptionSegment } from "./data/messages";
export type { ObjectValue } from "./data/objects/ObjectCodec";
export type { PerformRpcParams, RpcHandler, RpcInvocationData } from "./data/rpc/protocol";
export {
	type ByteStreamHandler,
	ByteStreamReader,
	type TextStreamHandler,
	TextStreamReader,
} from "./data/streams/StreamReader";
export { ByteStreamWriter, TextStreamWriter } from "./data/streams/StreamWriter";
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
export {
	DataPacket_Kind,
	DisconnectReason,
	Encryption_Type,
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
	TrackPublishError,
} from "./room/errors";
export { ConnectionState, RoomEvent, type RoomEvents } from "./room/events";
export { LocalParticipant } from "./room/LocalParticipant";
export type {
	DataPublishOptions,
	ObjectPublishOptions,
	RoomConnectOptions,
	RoomOptions,
} from "./room/options";
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
