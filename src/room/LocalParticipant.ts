/** This device in the room. */

import type { Microphone } from "webrtc-native/device";
import type { ChatMessage } from "../data/messages";
import type { ObjectValue } from "../data/objects/ObjectCodec";
import type { PerformRpcParams, RpcHandler } from "../data/rpc/protocol";
import type { ByteStreamWriter, TextStreamWriter } from "../data/streams/StreamWriter";
import type {
	ByteStreamInfo,
	FileLike,
	SendBytesOptions,
	SendFileOptions,
	SendTextOptions,
	StreamBytesOptions,
	StreamTextOptions,
	TextStreamInfo,
} from "../data/streams/types";
import { randomId } from "../platform/random";
import { DataPacket_Kind as DataPacketKind, TrackSource } from "../protocol/generated/enums";
import type { ParticipantInfo, TrackInfo } from "../protocol/generated/types";
import type { Announce } from "./events";
import type { DataPublishOptions, ObjectPublishOptions } from "./options";
import { Participant } from "./Participant";
import type { RoomData } from "./RoomData";
import type { RoomSession } from "./RoomSession";
import { LocalAudioTrack } from "./Track";
import { LocalTrackPublication } from "./TrackPublication";

/** What the room lends its local participant. */
export interface LocalParticipantHost {
	/** Throws MediaDeviceError, and tells of it as an event. */
	openMicrophone(): Microphone;
	newCid(): string;
	data(): RoomData;
	announce: Announce;
	/** The server did not take the microphone. */
	onPublishFailed(error: Error): void;
}

/** The open microphone, on its way to being published or there. */
interface Capture {
	cid: string;
	track: LocalAudioTrack;
	muted: boolean;
	publishing?: Promise<LocalTrackPublication>;
	publication?: LocalTrackPublication;
}

export class LocalParticipant extends Participant<LocalTrackPublication> {
	readonly #host: LocalParticipantHost;
	#session: RoomSession | undefined;
	#capture: Capture | undefined;

	constructor(host: LocalParticipantHost) {
		super();
		this.#host = host;
	}

	/**
	 * Publishes the board's microphone at the first call; mutes and unmutes it from then on.
	 *
	 * Before connect() the microphone is opened, resolves to undefined, and is published with the
	 * join itself, which is the fastest way to be heard. Else resolves when it is published.
	 *
	 * Rejects with MediaDeviceError when the microphone cannot be opened, and with TrackPublishError
	 * when the server does not take it. Both are told as MediaDevicesError too, so the promise may be
	 * left alone.
	 */
	setMicrophoneEnabled(enabled: boolean): Promise<LocalTrackPublication | undefined> {
		const done = this.#enableMicrophone(enabled);
		done.catch(() => {});
		return done;
	}

	async #enableMicrophone(enabled: boolean): Promise<LocalTrackPublication | undefined> {
		if (!this.#capture && !enabled) return undefined;
		this.#capture ??= {
			cid: this.#host.newCid(),
			track: new LocalAudioTrack(this.#host.openMicrophone()),
			muted: false,
		};
		const capture = this.#capture;
		this.#setMuted(capture, !enabled);
		if (this.#session) return this.#publish(this.#session, capture);
		if (!enabled) this.#release(capture);
		return undefined;
	}

	/** Takes the track out of the room and closes its microphone. */
	async unpublishTrack(track: LocalAudioTrack): Promise<LocalTrackPublication | undefined> {
		const capture = this.#capture;
		if (capture?.track !== track) return undefined;
		this.#session?.unpublish(capture.cid);
		this.#release(capture);
		return capture.publication;
	}

	/**
	 * Sends up to 64,000 bytes, less what the packet around them takes. Resolves when a reliable
	 * packet is in the send buffer, waiting for room there; a lossy one never waits, and is dropped
	 * (and counted, `lossyDropped`) while more than 8 KB wait.
	 *
	 * Rejects with PublishDataError: not connected, too large, not allowed.
	 */
	async publishData(payload: Uint8Array, options: DataPublishOptions = {}): Promise<void> {
		const { reliable, topic, destinationIdentities } = options;
		const user = { participantIdentity: this.identity, payload, topic, destinationIdentities };
		const kind = reliable ? DataPacketKind.RELIABLE : DataPacketKind.LOSSY;
		await this.#host.data().send({ user }, kind);
	}

	/**
	 * Sends a value as MessagePack, for ObjectReceived of others; up to the size of publishData().
	 * The value must not contain itself. Rejects with PublishDataError.
	 */
	publishObject(value: ObjectValue, options?: ObjectPublishOptions): Promise<void> {
		return this.#host.data().sendObject(value, options);
	}

	/** A telephone's key, to who calls by telephone. */
	async publishDtmf(code: number, digit: string): Promise<void> {
		await this.#host.data().send({ sipDtmf: { code, digit } });
	}

	/** @deprecated Agents do not read it: sendText() with the topic `lk.chat`. */
	sendChatMessage(message: string): Promise<ChatMessage> {
		return this.#sendChat({ id: randomId(), timestamp: Date.now(), message });
	}
	/** @deprecated */
	editChatMessage(message: string, original: ChatMessage): Promise<ChatMessage> {
		return this.#sendChat({ ...original, message, editTimestamp: Date.now() });
	}
	async #sendChat(chatMessage: ChatMessage): Promise<ChatMessage> {
		await this.#host.data().send({ chatMessage });
		this.#host.announce("chatMessage", chatMessage, this as Participant);
		return chatMessage;
	}

	/**
	 * Sends a text of any length to the handlers of its topic. Resolves when all of it is in the send
	 * buffer. Rejects with PublishDataError, and with DataStreamError when attributes are too large.
	 */
	sendText(text: string, options?: SendTextOptions): Promise<TextStreamInfo> {
		return this.#host.data().outgoing.sendText(text, options);
	}
	/** Sends a text piece by piece, as it comes to be; close() the writer at its end. */
	streamText(options?: StreamTextOptions): Promise<TextStreamWriter> {
		return this.#host.data().outgoing.streamText(options);
	}
	/** As sendText(), for bytes. */
	sendBytes(bytes: Uint8Array, options?: SendBytesOptions): Promise<ByteStreamInfo> {
		return this.#host.data().outgoing.sendBytes(bytes, options);
	}
	/** Sends bytes with a name. */
	sendFile(file: FileLike, options?: SendFileOptions): Promise<{ id: string }> {
		return this.#host.data().outgoing.sendFile(file, options);
	}
	/** As streamText(), for bytes. */
	streamBytes(options?: StreamBytesOptions): Promise<ByteStreamWriter> {
		return this.#host.data().outgoing.streamBytes(options);
	}

	/** Calls a method of another participant. Resolves to its response; rejects with RpcError. */
	performRpc(params: PerformRpcParams): Promise<string> {
		return this.#host.data().rpcClient.perform(params);
	}
	/** @deprecated Room has it. */
	registerRpcMethod(method: string, handler: RpcHandler): void {
		this.#host.data().rpcServer.register(method, handler);
	}
	/** @deprecated Room has it. */
	unregisterRpcMethod(method: string): void {
		this.#host.data().rpcServer.unregister(method);
	}

	/** @internal A session begins: what is enabled goes with its first offer. */
	attach(session: RoomSession): void {
		this.#session = session;
		if (this.#capture) this.#publish(session, this.#capture);
	}

	/** @internal disconnect() was called. */
	closeMicrophone(): void {
		if (this.#capture) this.#release(this.#capture);
	}

	/** @internal The session is over. A microphone that never was published waits for the next. */
	detach(): void {
		this.#session = undefined;
		const capture = this.#capture;
		if (capture?.publication) this.#release(capture);
		else if (capture) capture.publishing = undefined;
	}

	/** @internal */
	override update(info: ParticipantInfo, announce: Announce): boolean {
		if (!super.update(info, announce)) return false;
		for (const track of info.tracks) {
			const publication = this.trackPublications.get(track.sid);
			if (!publication) continue;
			publication.update(track);
			// The server missed it, or overheard it: what we do is what counts.
			if (track.muted !== publication.isMuted) this.#tellMuted(publication.isMuted);
		}
		return true;
	}

	/** @internal The server mutes or unmutes us. */
	remoteMute(sid: string, muted: boolean): void {
		const capture = this.#capture;
		if (capture?.publication?.trackSid === sid) this.#setMuted(capture, muted);
	}

	/** @internal The server took the track out. */
	remoteUnpublish(sid: string): void {
		const capture = this.#capture;
		if (capture?.publication?.trackSid !== sid) return;
		this.#session?.unpublish(capture.cid);
		this.#release(capture);
	}

	#publish(session: RoomSession, capture: Capture): Promise<LocalTrackPublication> {
		if (!capture.publishing) {
			capture.publishing = this.#request(session, capture);
			capture.publishing.catch(this.#host.onPublishFailed);
		}
		return capture.publishing;
	}

	async #request(session: RoomSession, capture: Capture): Promise<LocalTrackPublication> {
		const { cid, track, muted } = capture;
		let info: TrackInfo;
		try {
			info = await session.publish({
				cid,
				name: "microphone",
				source: TrackSource.MICROPHONE,
				microphone: track.microphone,
				muted,
			});
		} catch (error) {
			// Refused: the microphone is of no use. A session that ended: it waits for the next.
			if (this.#session === session && this.#capture === capture) this.#release(capture);
			throw error;
		}
		track.publishedSid = info.sid;
		const publication = new LocalTrackPublication(
			info,
			track,
			() => capture.muted,
			(wanted) => this.#setMuted(capture, wanted),
		);
		capture.publication = publication;
		this.trackPublications.set(info.sid, publication);
		if (capture.muted !== muted) this.#tellMuted(capture.muted);
		this.#host.announce("localTrackPublished", publication, this);
		return publication;
	}

	#setMuted(capture: Capture, muted: boolean): void {
		if (capture.muted === muted) return;
		capture.muted = muted;
		this.#tellMuted(muted);
		const { publication } = capture;
		if (publication) this.#host.announce(muted ? "trackMuted" : "trackUnmuted", publication, this);
	}

	#tellMuted(muted: boolean): void {
		const capture = this.#capture;
		if (capture) this.#session?.setMuted(capture.cid, capture.publication?.trackSid, muted);
	}

	#release(capture: Capture): void {
		this.#capture = undefined;
		capture.track.microphone.close();
		const { publication } = capture;
		if (!publication) return;
		this.trackPublications.delete(publication.trackSid);
		this.#host.announce("localTrackUnpublished", publication, this);
	}
}
