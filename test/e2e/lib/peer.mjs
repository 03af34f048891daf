/** The other side of the call: a participant with real libwebrtc. */

import {
	AudioFrame,
	AudioSource,
	AudioStream,
	dispose,
	LocalAudioTrack,
	LocalVideoTrack,
	Room,
	RoomEvent,
	TrackPublishOptions,
	TrackSource,
	VideoBufferType,
	VideoFrame,
	VideoSource,
} from "@livekit/rtc-node";
import { joinToken } from "../../../tools/server/token.mjs";

/** Peers record at this rate, the one of Opus. */
export const peerRate = 48_000;
/** Of frames, ms: each costs the test's process some promises, and others may wait for its one thread. */
const frameSize = 50;

export class Peer {
	#room = new Room();
	/** What each participant sent, and each of its tracks, from the subscription on. @type {Map<string, Int16Array[]>} */
	#heard = new Map();
	/** Identities that have been active speakers. @type {Set<string>} */
	speakers = new Set();

	/**
	 * @param {import("../../../tools/server/server.mjs").Server} server
	 * @param {string} room
	 * @param {string} identity
	 */
	static async join(server, room, identity) {
		const peer = new Peer();
		peer.#listen();
		const token = await joinToken(server, { room, identity });
		await peer.#room.connect(server.url, token, { autoSubscribe: true, dynacast: false });
		return peer;
	}

	#listen() {
		this.#room.on(RoomEvent.TrackSubscribed, async (track, publication, participant) => {
			const { identity } = participant;
			const lists = [identity, `${identity}/${publication.name}`].map((who) => {
				const frames = this.#heard.get(who) ?? [];
				this.#heard.set(who, frames);
				return frames;
			});
			const format = { sampleRate: peerRate, numChannels: 1, frameSizeMs: frameSize };
			for await (const { data } of new AudioStream(track, format)) {
				for (const frames of lists) frames.push(data);
			}
		});
		this.#room.on(RoomEvent.ActiveSpeakersChanged, (speakers) => {
			for (const { identity } of speakers) this.speakers.add(identity);
		});
	}

	/** Identities of the others in the room now. */
	get others() {
		return [...this.#room.remoteParticipants.values()].map(({ identity }) => identity);
	}

	/** Of the first track of `identity`; undefined before there is one. @param {string} identity */
	muted(identity) {
		const publications = this.#room.remoteParticipants.get(identity)?.trackPublications;
		return [...(publications?.values() ?? [])][0]?.muted;
	}

	/** @param {string} identity @param {string} [track] */
	#frames(identity, track) {
		return this.#heard.get(track ? `${identity}/${track}` : identity) ?? [];
	}

	/** How many samples heard() has. @param {string} identity @param {string} [track] */
	heardCount(identity, track) {
		return this.#frames(identity, track).reduce((sum, { length }) => sum + length, 0);
	}

	/**
	 * Everything heard from `identity` so far, which has one track at a time if none is named.
	 * @param {string} identity @param {string} [track]
	 */
	heard(identity, track) {
		const samples = new Int16Array(this.heardCount(identity, track));
		let at = 0;
		for (const frame of this.#frames(identity, track)) {
			samples.set(frame, at);
			at += frame.length;
		}
		return samples;
	}

	/**
	 * Publishes a microphone. Resolves to a function that says `samples` into it in real time.
	 * @param {number} rate
	 */
	async publish(rate) {
		const source = new AudioSource(rate, 1);
		await this.#room.localParticipant?.publishTrack(
			LocalAudioTrack.createAudioTrack("microphone", source),
			new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
		);
		return async (/** @type {Int16Array} */ samples) => {
			const size = (rate * frameSize) / 1000;
			for (let at = 0; at + size <= samples.length; at += size) {
				await source.captureFrame(new AudioFrame(samples.slice(at, at + size), rate, 1, size));
			}
			await source.waitForPlayout();
		};
	}

	/** Publishes a grey picture as a camera's, until the returned function is called. */
	async publishVideo() {
		const [width, height] = [160, 120];
		const source = new VideoSource(width, height);
		await this.#room.localParticipant?.publishTrack(
			LocalVideoTrack.createVideoTrack("camera", source),
			new TrackPublishOptions({ source: TrackSource.SOURCE_CAMERA }),
		);
		const grey = new Uint8Array((width * height * 3) / 2).fill(128);
		const show = () =>
			source.captureFrame(new VideoFrame(grey, width, height, VideoBufferType.I420));
		const timer = setInterval(show, 100);
		return () => clearInterval(timer);
	}

	leave() {
		return this.#room.disconnect();
	}
}

/** Ends libwebrtc's threads: call it when the file's tests are over. */
export const disposePeers = () => dispose();
