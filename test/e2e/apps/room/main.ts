/**
 * Does what it is told and prints what happens, one line each.
 *
 * Config: url, token; ca (PEM text); rtcConfig (JSON); autoSubscribe (false for none); regions (the server
 * tells of some); tries (false: none to come back);
 * peerConnectionTimeout (ms);
 * script: steps with commas between, as `steps`
 * has them; and what the board takes. `serve` does what comes as data of topic "do", until the end.
 */

import board from "board";
import {
	type LocalAudioTrack,
	Participant,
	ParticipantEvent,
	type RemoteTrackPublication,
	Room,
	RoomEvent,
	type RoomEvents,
	type SimulationScenario,
	Track,
	TrackPublication,
} from "livekit";
import config from "mc/config";
import Timer from "timer";

const room = new Room({
	microphone: board.microphone,
	speaker: board.speaker,
	board,
	hasRegions: config.regions ? () => true : undefined,
	reconnectPolicy: config.tries === false ? { nextRetryDelayInMs: () => null } : undefined,
	tls: { ca: config.ca },
});
const me = room.localParticipant;
const seen = new Set<string>();

for (const event of Object.values(RoomEvent)) {
	room.on(event, (...args: RoomEvents[typeof event]) => {
		seen.add(event);
		trace(`${[event, ...args.map(text)].join(" ")}\n`);
	});
}
me.on(ParticipantEvent.IsSpeakingChanged, (speaking) => trace(`isSpeakingChanged ${speaking}\n`));

function text(value: unknown): string {
	if (Array.isArray(value)) return value.map(text).join("+");
	if (value instanceof Participant) return value.identity;
	if (value instanceof TrackPublication) return value.trackName || "unnamed";
	if (value instanceof Track) return "";
	if (value instanceof Error) return value.name;
	if (value instanceof Uint8Array) return `${value.length} bytes`;
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function eachRemote(run: (publication: RemoteTrackPublication) => void): void {
	for (const participant of room.remoteParticipants.values()) {
		for (const publication of participant.trackPublications.values()) run(publication);
	}
}

const steps: Record<string, (argument: string) => unknown> = {
	prepare: () => room.prepareConnection(config.url, config.token),
	connect: () =>
		room.connect(config.url, config.token, {
			autoSubscribe: String(config.autoSubscribe) !== "false",
			peerConnectionTimeout: Number(config.peerConnectionTimeout) || undefined,
			rtcConfig: config.rtcConfig ? JSON.parse(String(config.rtcConfig)) : undefined,
		}),
	mic: () => me.setMicrophoneEnabled(true),
	mute: () => me.setMicrophoneEnabled(false),
	unpublish: () =>
		me.unpublishTrack(me.getTrackPublication("microphone")?.track as LocalAudioTrack),
	disconnect: () => room.disconnect(),
	name: (name) => me.setName(name),
	metadata: (metadata) => me.setMetadata(metadata),
	/** KEY=VALUE */
	attribute: (pair) => me.setAttributes({ [pair.split("=")[0]]: pair.split("=")[1] }),
	subscribe: () => eachRemote((publication) => publication.setSubscribed(true)),
	/** Asks for what is no sound. */
	film: () =>
		eachRemote((publication) => {
			if (publication.kind === "video") publication.setSubscribed(true);
		}),
	unsubscribe: () => eachRemote((publication) => publication.setSubscribed(false)),
	enable: () => eachRemote((publication) => publication.setEnabled(true)),
	disable: () => eachRemote((publication) => publication.setEnabled(false)),
	/** IDENTITY=GAIN, for its tracks now and later */
	volume: (pair) => {
		const [identity, gain] = pair.split("=");
		room.remoteParticipants.get(identity)?.setVolume(Number(gain));
	},
	/** "all", or the only identity that may subscribe to our tracks. */
	allow: (who) =>
		me.setTrackSubscriptionPermissions(
			who === "all",
			who === "all" ? [] : [{ participantIdentity: who, allowAll: true }],
		),
	data: (text) => me.publishData(new Uint8Array(ArrayBuffer.fromString(text)), { reliable: true }),
	camera: () => me.setCameraEnabled(true),
	simulate: (scenario) => room.simulateScenario(scenario as SimulationScenario),
	/** Prints which way media goes. */
	path: () => trace(`path ${JSON.stringify(room.getStats()?.path)}\n`),
	sid: async () => trace(`sid ${await room.getSid()}\n`),
	/** Prints who and what is there. */
	describe: () => {
		const { name, metadata, numParticipants, numPublishers, isRecording, serverInfo } = room;
		const { version } = serverInfo ?? {};
		const counts = { numParticipants, numPublishers, isRecording };
		trace(`room ${JSON.stringify({ name, metadata, ...counts, version })}\n`);
		for (const participant of [me, ...room.remoteParticipants.values()]) {
			const { identity, name, metadata, state, isMicrophoneEnabled } = participant;
			const attributes = JSON.stringify(participant.attributes);
			trace(
				`${JSON.stringify({ identity, name, metadata, state, isMicrophoneEnabled })} ${attributes}\n`,
			);
		}
	},
	/** So many packets at a time; what the send buffer has no room for waits in the heap. */
	burst: (count) =>
		Promise.all(
			Array.from({ length: Number(count) }, () =>
				me.publishData(new Uint8Array(8_000), { reliable: true }),
			),
		),
	/** Prints how many sections the descriptions have. */
	sections: () => trace(`sections ${room.getStats()?.peer.sections}\n`),
	serve: () => serve(),
	wait: (what) => (/^\d+$/.test(what) ? sleep(Number(what)) : happened(what)),
};

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});
}

/** Resolves when the event is emitted, or was since it last was waited for. */
async function happened(event: string): Promise<void> {
	while (!seen.delete(event)) await sleep(20);
}

async function run(script: string): Promise<void> {
	for (const step of script.split(",")) {
		const [, name, argument] = /^\s*(\w+) ?(.*)$/.exec(step) ?? [];
		await steps[name](argument);
	}
}

/** Says what became of each; an error is an answer too. */
async function serve(): Promise<void> {
	let doing: Promise<unknown> = Promise.resolve();
	room.on(RoomEvent.DataReceived, (payload, _participant, _kind, topic) => {
		if (topic !== "do") return;
		const { buffer, byteOffset, length } = payload;
		const script = String.fromArrayBuffer(buffer as ArrayBuffer, byteOffset, length);
		doing = doing
			.then(() => run(script))
			.then(
				() => trace(`done ${script}\n`),
				(error) =>
					trace(`failed ${script}: ${error.name} ${error.reason ?? ""} ${error.message}\n`),
			);
	});
	trace("serving\n");
	await happened("disconnected");
}

try {
	await run(String(config.script));
	board.report({ ...room.getStats() });
	board.end(0);
} catch (error) {
	trace(`${error}\n`);
	board.end(1);
}
