import { assert, test } from "harness";
import { ParticipantInfo_State, TrackSource, TrackType } from "livekit/protocol/generated/enums";
import type { ParticipantInfo } from "livekit/protocol/generated/types";
import { SignalClient, type SignalEvents } from "livekit/signal/SignalClient";
import config from "mc/config";

const JOIN = { connectionSettings: { autoSubscribe: true }, clientInfo: { os: "test" } };

function next<K extends keyof SignalEvents>(
	signal: SignalClient,
	event: K,
	wanted: (...args: SignalEvents[K]) => boolean = () => true,
): Promise<SignalEvents[K][0]> {
	return new Promise((resolve) => {
		const listener = (...args: SignalEvents[K]) => {
			if (!wanted(...args)) return;
			signal.off(event, listener);
			resolve(args[0]);
		};
		signal.on(event, listener);
	});
}

test("joins", async () => {
	const signal = new SignalClient();
	const token = next(signal, "refreshToken");
	const join = await signal.connect(config.url, config.token, JOIN);
	assert.equal(join.room?.name, "signal-live");
	assert.equal(join.participant?.identity, "device 😀");
	assert.equal(join.participant?.state, ParticipantInfo_State.JOINING);
	assert.equal(join.participant?.permission?.canPublish, true);
	assert.equal(join.pingInterval, 5);
	assert.equal(join.pingTimeout, 15);
	assert.ok(join.serverInfo?.version);
	assert.match((await token) as string, /^ey/);
	const published = next(signal, "trackPublished");
	signal.send({ addTrack: { cid: "mic", type: TrackType.AUDIO, source: TrackSource.MICROPHONE } });
	assert.equal((await published).cid, "mic");
	assert.match((await published).track?.sid ?? "", /^TR_/);

	const gone = next(signal, "update", ({ participants }) =>
		participants.some((info: ParticipantInfo) => info.identity === "other"),
	);
	const other = new SignalClient();
	const joined = await other.connect(config.url, config.other, JOIN);
	assert.equal(joined.otherParticipants.length <= 1, true);
	const requestId = other.nextRequestId();
	other.send({ updateMetadata: { name: "new name", requestId } });
	assert.equal((await other.response(requestId))?.message, "does not have permission to update own metadata");
	other.leave();
	void gone;
	signal.leave();
	assert.equal(signal.stats.malformed, 0);
});

const REFUSED: readonly [string, RegExp][] = [
	["expired", /the token has expired: make a new one$/],
	["wrongSecret", /the token's signature is wrong/],
	["wrongKey", /the server does not know the token's API key/],
	["notToJoin", /does not allow to join/],
	["withoutRoom", /HTTP 4/],
];

test("refused tokens", async () => {
	for (const [name, message] of REFUSED)
		await assert.rejects(new SignalClient().connect(config.url, config[name], JOIN), (error) => {
			trace(`# ${name}: ${error.message}\n`);
			return message.test(error.message) && [400, 401, 403].includes(error.status);
		});
	await assert.rejects(
		new SignalClient().connect(config.url, "not.a.token", JOIN),
		/NotAllowed|malformed/,
	);
});

test("no such path", async () => {
	await assert.rejects(
		new SignalClient().connect(`${config.url}/nowhere`, config.token, JOIN),
		(error) => error.reasonName === "ServiceNotFound" && error.status === 404,
	);
});
