/**
 * A LiveKit room: who is in it, what they publish, and the events of both. State comes from a
 * session's events alone; all input and output is the session's.
 */

import { DataPackets, type DataStats } from "../data/DataPackets";
import type { RpcHandler } from "../data/rpc/protocol";
import type { ByteStreamHandler, TextStreamHandler } from "../data/streams/StreamReader";
import { Emitter } from "../platform/emitter";
import { memoryProfile } from "../platform/memory";
import type { ServerInfo } from "../protocol/generated/types";
import { sessionFactory } from "../session/factory";
import type { SessionEnd, SessionOptions, SessionStats } from "../session/types";
import { warmUp } from "../session/warmUp";
import { ConnectionError, ConnectionErrorReason } from "./errors";
import { ConnectionState, type RoomEvents } from "./events";
import { LocalParticipant } from "./LocalParticipant";
import type { RoomConnectOptions, RoomOptions } from "./options";
import type { Participant } from "./Participant";
import { Participants } from "./Participants";
import { Reconnection } from "./Reconnection";
import type { RemoteParticipant } from "./RemoteParticipant";
import { RoomCore } from "./RoomCore";
import { RoomData, type RoomDataStats } from "./RoomData";
import { RoomDescription } from "./RoomDescription";
import type { RoomSession } from "./RoomSession";
import { RoomUpdates } from "./RoomUpdates";
import { SoundDevices } from "./SoundDevices";
import { Subscriptions } from "./Subscriptions";
import { type SimulationScenario, simulation } from "./simulation";
import { syncState } from "./syncState";

/** Each costs about 1 KB of the engine's heap. */
const MAX_PARTICIPANTS = 32;

export interface RoomStats extends SessionStats, RoomDataStats {
	data: DataStats;
}

interface Connecting {
	resolve(): void;
	reject(error: Error): void;
}

export class Room extends Emitter<RoomEvents> {
	readonly localParticipant: LocalParticipant;
	readonly #core: RoomCore;
	readonly #participants: Participants;
	readonly #subscriptions: Subscriptions;
	readonly #devices: SoundDevices;
	readonly #data: RoomData;
	readonly #updates: RoomUpdates;
	readonly #createSession: (options: SessionOptions) => RoomSession;
	readonly #description: RoomDescription;
	readonly #reconnection: Reconnection;
	#packets: DataPackets | undefined;
	/** Of the session before, as it ended. */
	#stats: RoomStats | undefined;
	/** What prepareConnection() found. */
	#prepared: { url: string; region: string | undefined } | undefined;
	/** Of disconnect(), while it is under way. */
	#stopTracks: boolean | undefined;
	/** Of connect(), while it is under way. */
	#connecting: Connecting | undefined;

	/** @param createSession for tests */
	constructor(
		given: RoomOptions = {},
		createSession: (options: SessionOptions) => RoomSession = sessionFactory(),
	) {
		super();
		const memory = memoryProfile();
		const options = {
			...given,
			maxSignalBytes: given.maxSignalBytes ?? memory.maxSignalBytes,
			maxDataBytes: given.maxDataBytes ?? memory.maxDataBytes,
			maxTextBytes: given.maxTextBytes ?? memory.maxTextBytes,
			maxStreams: given.maxStreams ?? memory.maxStreams,
		};
		const core = new RoomCore(this, options);
		this.#core = core;
		this.#createSession = createSession;
		this.#description = new RoomDescription(core);
		this.#devices = new SoundDevices(core);
		this.localParticipant = new LocalParticipant(core, this.#devices);
		core.local = this.localParticipant;
		this.#participants = new Participants(
			this.localParticipant,
			core,
			options.maxParticipants ?? MAX_PARTICIPANTS,
		);
		this.#subscriptions = new Subscriptions(this.#participants, core);
		this.#data = new RoomData(core, this.#participants);
		core.data = this.#data;
		this.#updates = new RoomUpdates(
			core,
			this.#description,
			this.#participants,
			this.#subscriptions,
		);
		this.#reconnection = new Reconnection(core, this.#updates);
	}

	/** By identity; as many as `maxParticipants` says. */
	get remoteParticipants(): Map<string, RemoteParticipant> {
		return this.#participants.remote;
	}
	/**
	 * Those that are too many for `remoteParticipants`: sid by identity. They are heard, but have no
	 * events; one gets a place, and ParticipantConnected, when somebody leaves.
	 */
	get participantsBeyond(): ReadonlyMap<string, string> {
		return this.#participants.beyond;
	}
	/** Loudest first. */
	get activeSpeakers(): Participant[] {
		return this.#participants.activeSpeakers;
	}
	get state(): ConnectionState {
		return this.#core.state;
	}
	/** "" before the server has told it, which may be late: see getSid(). */
	get sid(): string {
		return this.#description.info?.sid ?? "";
	}
	get name(): string {
		return this.#description.info?.name ?? "";
	}
	get metadata(): string | undefined {
		return this.#description.info?.metadata;
	}
	get isRecording(): boolean {
		return this.#description.info?.activeRecording ?? false;
	}
	/** As the server counts them, us included; it tells every few seconds. */
	get numParticipants(): number {
		return this.#description.info?.numParticipants ?? 0;
	}
	/** Of those, who publish. */
	get numPublishers(): number {
		return this.#description.info?.numPublishers ?? 0;
	}
	/** Version, region and node of the server; undefined before the first join. */
	get serverInfo(): ServerInfo | undefined {
		return this.#updates.serverInfo;
	}
	/** There is a speaker, and it opened if it was tried. */
	get canPlaybackAudio(): boolean {
		return this.#devices.hasSpeaker;
	}

	/** Resolves when the server has told the sid; to "" when disconnected; rejects at the end before. */
	getSid(): Promise<string> {
		if (this.#core.state === ConnectionState.Disconnected || this.sid)
			return Promise.resolve(this.sid);
		return new Promise((resolve, reject) => {
			const settle = (run: () => void) => {
				this.#description.off("sid", onSid);
				this.off("disconnected", onEnd);
				run();
			};
			const onSid = (sid: string) => settle(() => resolve(sid));
			const onEnd = () => settle(() => reject(new Error("the room has ended and told no sid")));
			this.#description.on("sid", onSid);
			this.on("disconnected", onEnd);
		});
	}

	/**
	 * Visits the server, so that the network's caches know its name and the way; with `token`, that of the
	 * nearest region of a cloud, which connect() then tries first. Resolves when that is done or 5 s are
	 * over for each, and never rejects. The certificate is being made since the Room was.
	 */
	async prepareConnection(url: string, token?: string): Promise<void> {
		const region = await warmUp(url, token, this.#core.options);
		if (!this.#core.session) this.#prepared = { url, region };
	}

	/**
	 * Joins, and resolves when media is up and data channels are open. Sound does not wait for data.
	 * `url` is the server's (wss://…), `token` an access token.
	 * Rejects with ConnectionError: its reason and one line that says what happened.
	 */
	connect(url: string, token: string, options: RoomConnectOptions = {}): Promise<void> {
		if (this.#core.session) {
			const message = "the room is connected already: disconnect() first";
			return Promise.reject(new ConnectionError(message, ConnectionErrorReason.InternalError));
		}
		const core = this.#core;
		core.autoSubscribe = options.autoSubscribe ?? true;
		const session = this.#createSession({
			autoSubscribe: core.autoSubscribe,
			mediaTimeout: options.peerConnectionTimeout,
			rtcConfig: options.rtcConfig,
			maxDataBytes: core.options.maxDataBytes,
			singlePeerConnection: core.options.singlePeerConnection,
			signal: {
				maxSignalBytes: core.options.maxSignalBytes,
				...(options.websocketTimeout && { openTimeout: options.websocketTimeout }),
				tls: core.options.tls,
			},
			speaker: () => this.#devices.openSpeaker(),
			hasRegions: core.options.hasRegions,
			region: this.#prepared?.url === url ? this.#prepared.region : undefined,
			reconnectPolicy: core.options.reconnectPolicy,
			syncState: () => syncState(this.#participants, packets, core.autoSubscribe),
		});
		this.#prepared = undefined; // its answer grows old
		const packets = new DataPackets(session, this.#data.maxTextBytes);
		core.session = session;
		this.#packets = packets;
		session.handle(this.#reconnection, this.#updates, this.#data);
		session.on("connected", () => this.#onConnected());
		session.on("closed", (end) => this.#onClosed(end));
		return new Promise((resolve, reject) => {
			this.#connecting = { resolve, reject };
			core.setState(ConnectionState.Connecting);
			if (core.session !== session) return; // a listener has called disconnect()
			session.start(url, token);
			this.localParticipant.attach(session);
			this.#data.attach(packets);
			this.#devices.openSpeaker(); // takes its time while the network takes its
		});
	}

	/**
	 * Leaves, and closes speaker and microphone; `stopTracks` false leaves the microphones of published
	 * tracks open. A connect() under way rejects with ConnectionError Cancelled.
	 */
	async disconnect(stopTracks = true): Promise<void> {
		this.#stopTracks = stopTracks;
		this.#core.session?.leave();
		this.#stopTracks = undefined;
		this.localParticipant.releaseTracks(stopTracks);
	}

	/** For tests: asks the server to do something to us. False: it was not sent. */
	async simulateScenario(scenario: SimulationScenario, argument?: number): Promise<boolean> {
		return this.#core.session?.send({ simulate: simulation(scenario, argument) }) ?? false;
	}

	getParticipantByIdentity(identity: string): Participant | undefined {
		return this.#participants.byIdentity(identity);
	}

	/**
	 * `handler` gets each text stream of the topic that somebody begins to send us. Streams without a
	 * handler are dropped. Throws DataStreamError when the topic has one.
	 */
	registerTextStreamHandler(topic: string, handler: TextStreamHandler): void {
		this.#data.incoming.registerText(topic, handler);
	}
	unregisterTextStreamHandler(topic: string): void {
		this.#data.incoming.unregisterText(topic);
	}
	/** As registerTextStreamHandler(), for bytes. */
	registerByteStreamHandler(topic: string, handler: ByteStreamHandler): void {
		this.#data.incoming.registerBytes(topic, handler);
	}
	unregisterByteStreamHandler(topic: string): void {
		this.#data.incoming.unregisterBytes(topic);
	}

	/**
	 * Others can call `method` with performRpc(). What `handler` returns is the response; an RpcError
	 * that it throws reaches the caller. Throws when the method has a handler.
	 */
	registerRpcMethod(method: string, handler: RpcHandler): void {
		this.#data.rpcServer.register(method, handler);
	}
	unregisterRpcMethod(method: string): void {
		this.#data.rpcServer.unregister(method);
	}

	/** For reports. After the end: as it was then. Undefined before the first connect(). */
	getStats(): RoomStats | undefined {
		const session = this.#core.session;
		const packets = this.#packets;
		if (!session || !packets) return this.#stats;
		const firstSound = this.#devices.speaker?.firstSound;
		if (firstSound !== undefined) session.timeline.mark("firstSoundOut", firstSound);
		return { ...session.stats, data: { ...packets.stats }, ...this.#data.stats };
	}

	#onConnected(): void {
		this.#takeConnecting()?.resolve();
		this.#core.setState(ConnectionState.Connected);
		this.emit("connected");
		this.#core.flush();
	}

	/** Taken before listeners run: one of them may call connect() again. */
	#takeConnecting(): Connecting | undefined {
		const connecting = this.#connecting;
		this.#connecting = undefined;
		return connecting;
	}

	#onClosed(end: SessionEnd): void {
		this.#takeConnecting()?.reject(
			end.error ?? new ConnectionError("the connection ended", ConnectionErrorReason.InternalError),
		);
		this.#stats = this.getStats();
		this.#subscriptions.clear();
		this.localParticipant.detach(this.#stopTracks);
		this.#data.detach();
		this.#packets = undefined;
		this.#core.reset();
		this.#reconnection.reset();
		this.#participants.clear();
		this.#devices.closeSpeaker();
		this.#core.setState(ConnectionState.Disconnected);
		this.emit("disconnected", end.reason);
	}
}
