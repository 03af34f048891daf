/** Which messages a device needs, out of all that `@livekit/protocol` has. */

const ROOTS = [
	"SignalRequest",
	"SignalResponse",
	"JoinRequest",
	"WrappedJoinRequest",
	"DataPacket",
];

/** Fields no device reads or writes: video, data tracks, blobs, metrics. Decoding skips them. */
const OMITTED = new Set([
	"SignalRequest.updateLayers",
	"SignalRequest.updateVideoTrack",
	"SignalRequest.publishDataTrackRequest",
	"SignalRequest.unpublishDataTrackRequest",
	"SignalRequest.updateDataSubscription",
	"SignalRequest.storeDataBlobRequest",
	"SignalRequest.getDataBlobRequest",
	"SignalResponse.subscribedQualityUpdate",
	"SignalResponse.subscribedAudioCodecUpdate",
	"SignalResponse.publishDataTrackResponse",
	"SignalResponse.unpublishDataTrackResponse",
	"SignalResponse.dataTrackSubscriberHandles",
	"SignalResponse.storeDataBlobResponse",
	"SignalResponse.getDataBlobResponse",
	"RequestResponse.updateVideoTrack",
	"RequestResponse.publishDataTrack",
	"RequestResponse.unpublishDataTrack",
	"SyncState.publishDataTracks",
	"SyncState.dataSubscription",
	"ParticipantInfo.dataTracks",
	"AddTrackRequest.layers",
	"AddTrackRequest.simulcastCodecs",
	"AddTrackRequest.packetTrailerFeatures",
	"TrackInfo.layers",
	"TrackInfo.codecs",
	"TrackInfo.packetTrailerFeatures",
	"DataPacket.metrics",
	"DataPacket.speaker",
]);

/** `ParticipantInfo_State`: the name livekit's own SDKs give to a nested type. */
export const messageName = (type) =>
	type.typeName.replace(/^(livekit|google\.protobuf)\./, "").replaceAll(".", "_");
export const enumName = messageName;

/**
 * The messages and enums reachable from the roots, in a fixed order.
 * Throws when a message contains itself: the decoder's recursion is bounded by the schema.
 */
export function closure(protocol) {
	const messages = [];
	const enums = [];
	const omitted = new Set(OMITTED);
	const key = (message, field) => `${messageName(message)}.${field.localName}`;
	const fieldsOf = (message) =>
		message.fields.byNumber().filter((field) => !OMITTED.has(key(message, field)));
	const visit = (message, path) => {
		if (path.includes(message)) throw new Error(`${message.typeName} contains itself`);
		for (const field of message.fields.list()) omitted.delete(key(message, field));
		if (!messages.includes(message)) messages.push(message);
		for (const field of fieldsOf(message)) {
			if (field.kind === "message") visit(field.T, [...path, message]);
			else if (field.kind === "enum" && !enums.includes(field.T)) enums.push(field.T);
		}
	};
	const roots = ROOTS.map((name) => protocol[name]);
	for (const root of roots) visit(root, []);
	if (omitted.size) throw new Error(`no such field to omit: ${[...omitted].join(", ")}`);
	return { roots, messages, enums, fieldsOf };
}
