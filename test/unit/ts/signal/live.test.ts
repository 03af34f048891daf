import { assert, test } from "harness";
import { ParticipantInfo_State, TrackSource, TrackType } from "livekit/protocol/generated/enums";
import { SignalClient } from "livekit/signal/SignalClient";
import type { SignalEvents } from "livekit/signal/types";
import config from "mc/config";

const JOIN = { connectionSettings: { autoSubscribe: true }, clientInfo: { os: "test" } };

function next<K extends keyof SignalEvents>(signal: SignalClient, event: K) {
	return new Promise<SignalEvents[K][0]>((resolve) => {
		signal.once(event, (...args) => resolve(args[0]));
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

	const other = new SignalClient();
	await other.connect(config.url, config.other, JOIN);
	const requestId = other.nextRequestId();
	other.send({ updateMetadata: { name: "new name", requestId } });
	assert.equal(
		(await other.response(requestId))?.message,
		"does not have permission to update own metadata",
	);
	other.leave();
	signal.leave();
	assert.equal(signal.stats.malformed, 0);
});

const REFUSED: readonly [string, RegExp][] = [
	["expired", /the token has expired: make a new one$/],
	["wrongSecret", /the token's signature is wrong/],
	["wrongKey", /the server does not know the token's API key/],
	["notToJoin", /does not allow to join/],
	["withoutRoom", /names no room/],
	["malformed", /the token is malformed/],
];

test("refused tokens", async () => {
	for (const [name, message] of REFUSED)
		await assert.rejects(
			new SignalClient().connect(config.url, config[name], JOIN),
			(error) => message.test(error.message) && error.reasonName === "NotAllowed",
		);
});

test("no such path", async () => {
	await assert.rejects(
		new SignalClient().connect(`${config.url}/nowhere`, config.token, JOIN),
		(error) => error.reasonName === "ServiceNotFound" && error.status === 404,
	);
});
