/** The way back: what is sent, told and kept on it. The transitions are in session.test.ts. */

import { assert, sleep, test } from "harness";
import {
	DataPacket_Kind,
	DisconnectReason,
	LeaveRequest_Action,
	ReconnectReason,
} from "livekit/protocol/generated/enums";
import { DefaultReconnectPolicy, type ReconnectContext } from "livekit/session/ReconnectPolicy";
import { ConnectionError, ConnectionErrorReason } from "livekit/signal/ConnectionError";
import { first } from "./answer";
import { leave, make, reach, track, unreachable } from "./made";

test("a resume: who we are, what we have, and no offer when media is well", async () => {
	const made = make({
		syncState: () => ({ subscription: { trackSids: ["TR_x"], subscribe: false } }),
	});
	const published = made.session.publish({ cid: "mic", ...track });
	await reach.connected(made);
	made.signal.published("mic", "TR_mic");
	await published;
	made.signal.emit("refreshToken", "newer");
	made.signal.lose();
	const { signal } = made;
	assert.equal(signal.token, "newer");
	assert.equal(signal.join?.reconnect, true);
	assert.equal(signal.join?.participantSid, "PA_me");
	assert.equal(signal.join?.reconnectReason, ReconnectReason.RR_SIGNAL_DISCONNECTED);
	made.session.setMuted("mic", "TR_mic", true);
	made.session.setMuted("mic", "TR_mic", false);
	signal.accept();
	await sleep(0);
	const [{ syncState }, { mute }] = signal.sent;
	assert.equal(syncState?.publishTracks?.[0].track?.sid, "TR_mic");
	assert.match(syncState?.offer?.sdp ?? "", /a=msid:\S+ mic/);
	assert.equal(syncState?.answer?.sdp, first);
	assert.deepEqual(syncState?.subscription?.trackSids, ["TR_x"]);
	assert.deepEqual(mute, { sid: "TR_mic", muted: false });
	assert.equal(signal.sent.length, 2);
	assert.equal(made.fakes.peer.restarts, 0);
	assert.deepEqual(made.events.slice(-2), ["signalReconnecting", "reconnected"]);
	made.session.leave();
});

test("of requests made without a connection the newest are sent, and the others counted", async () => {
	const made = make();
	await reach.connected(made);
	made.signal.lose();
	const ask = (number: number) => ({ subscription: { trackSids: [`TR_${number}`] } });
	for (let number = 1; number <= 35; number++) assert.ok(made.session.send(ask(number)));
	assert.equal(made.session.stats.signal?.unsent, 3);
	const { signal } = made;
	signal.accept();
	await sleep(0);
	const asked = signal.sent.flatMap(({ subscription }) => subscription?.trackSids ?? []);
	assert.deepEqual([asked.length, asked[0], asked[31]], [32, "TR_4", "TR_35"]);
	made.session.leave();
});

test("signalling that is taken and gone in one turn has not come back", async () => {
	const made = make();
	await reach.connected(made);
	made.signal.lose();
	made.signal.accept(() => made.signal.lose());
	await sleep(0);
	assert.equal(made.session.state, "waiting");

	const again = make();
	await reach.rejoining(again);
	again.signal.accept(() => {
		again.signal.answer(first);
		again.signal.lose();
	});
	await sleep(0);
	assert.equal(again.session.state, "resting");
	for (const { session } of [made, again]) session.leave();
});

test("an offer that lost its answer is made again", async () => {
	const made = make();
	await reach.connected(made);
	made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
	made.signal.lose();
	made.signal.accept();
	await sleep(0);
	assert.equal(made.signal.sent.filter(({ offer }) => offer?.id === 3).length, 1);
	made.session.leave();
});

test("media that is silent is mended over signalling that answers: ICE anew, DTLS as it was", async () => {
	const made = make();
	await reach.mending(made);
	const { peer } = made.fakes;
	assert.equal(peer.restarts, 1);
	assert.match(made.signal.offers.at(-1)?.sdp ?? "", /a=ice-ufrag:abcd1\r\n/);
	made.signal.answer(first.replaceAll("ice-ufrag:Yk", "ice-ufrag:Zk"));
	assert.match(peer.remote?.ufrag ?? "", /^Zk/);
	peer.state("connected");
	assert.equal(made.session.state, "connected");
	assert.equal(made.fakes.peers.length, 1);
	assert.deepEqual(made.events.slice(-2), ["reconnecting", "reconnected"]);
	made.session.leave();
});

test("another fingerprint after an ICE restart is not taken", async () => {
	const made = make();
	await reach.mending(made);
	made.signal.answer(first.replaceAll("02:DB", "02:DC"));
	assert.equal(made.session.state, "rejoining");
	made.session.leave();
});

test("a migration: resumed, and joined anew when the other node has other keys", async () => {
	const made = make();
	await reach.connected(made);
	const { MIGRATION } = DisconnectReason;
	made.signal.emit("leave", { reason: MIGRATION, action: LeaveRequest_Action.RESUME } as never);
	assert.equal(made.session.state, "resuming");
	assert.equal(made.signal.join?.reconnect, true);
	made.fakes.peer.state("disconnected"); // the node that had it is gone
	made.signal.accept();
	await sleep(0);
	assert.equal(made.session.state, "mending");
	made.signal.answer(first.replaceAll("02:DB", "02:DC"));
	assert.equal(made.session.state, "rejoining");
	made.session.leave();
	assert.deepEqual(made.end(), { reason: DisconnectReason.CLIENT_INITIATED });
});

test("moved to another room: what comes back is who we are there", async () => {
	const made = make();
	await reach.connected(made);
	const participant = { sid: "PA_there", identity: "me" };
	made.signal.emit("roomMoved", { token: "there", participant, otherParticipants: [] } as never);
	made.signal.lose();
	assert.equal(made.signal.token, "there");
	assert.equal(made.signal.join?.participantSid, "PA_there");
	made.signal.accept();
	await sleep(0);
	leave(made, LeaveRequest_Action.RECONNECT);
	await sleep(0);
	assert.equal(made.signal.token, "there");
	made.session.leave();
});

test("joining anew: tracks are published again, and data that waits is sent", async () => {
	const made = make();
	const published = made.session.publish({ cid: "mic", ...track });
	await reach.connected(made);
	made.signal.published("mic", "TR_mic");
	await published;
	made.signal.emit("leave", { reason: DisconnectReason.SERVER_SHUTDOWN, action: 2 } as never);
	const waiting = made.session.sendData(new Uint8Array(3), DataPacket_Kind.RELIABLE, 1);
	await sleep(0);
	assert.equal(made.fakes.peers.length, 2);
	assert.ok(made.fakes.peers[0].closed);
	assert.equal(made.fakes.signals[0].ended, "close"); // no word: an agent would end
	const { join } = made.signal;
	assert.equal(join?.reconnect, undefined);
	assert.deepEqual(
		join?.addTrackRequests?.map(({ cid }) => cid),
		["mic"],
	);
	made.signal.accept(() => {
		made.signal.published("mic", "TR_mic2");
		made.signal.answer(first);
	});
	await sleep(0);
	made.fakes.peer.state("connected");
	made.fakes.peer.openChannels();
	await waiting;
	assert.deepEqual(made.fakes.peer.messages, [[0, 3]]);
	assert.deepEqual(made.events.slice(-5), [
		"restarting",
		"reconnecting",
		"republished mic TR_mic2",
		"rejoined",
		"reconnected",
	]);
	made.session.leave();
});

test("joined anew, the server gets first what it had not got", async () => {
	const made = make();
	await reach.connected(made);
	const { RELIABLE } = DataPacket_Kind;
	for (const sequence of [1, 2, 3]) {
		await made.session.sendData(new Uint8Array(sequence), RELIABLE, sequence);
	}
	made.fakes.peer.open = 2;
	leave(made, LeaveRequest_Action.RECONNECT);
	const waiting = made.session.sendData(new Uint8Array(4), RELIABLE, 4);
	await sleep(0);
	made.signal.accept(() => made.signal.answer(first));
	await sleep(0);
	made.fakes.peer.state("connected");
	made.fakes.peer.openChannels();
	await waiting;
	assert.deepEqual(
		made.fakes.peer.messages.map(([, length]) => length),
		[2, 3, 4],
	);
	made.session.leave();
});

test("a resumed server gets what it has not got, before what is new", async () => {
	const made = make();
	await reach.connected(made);
	const { RELIABLE } = DataPacket_Kind;
	for (const sequence of [1, 2, 3]) {
		await made.session.sendData(new Uint8Array(sequence), RELIABLE, sequence);
	}
	made.signal.lose();
	made.signal.accept(() => {}, { lastMessageSeq: 1 });
	// The fake's answer is a join response; the session reads `reconnect`'s fields of it.
	await sleep(0);
	await made.session.sendData(new Uint8Array(4), RELIABLE, 4);
	assert.deepEqual(
		made.fakes.peer.messages.map(([, length]) => length),
		[1, 2, 3, 2, 3, 4],
	);
	made.session.leave();
});

test("an app that throws at the news does not end it", async () => {
	const made = make();
	await reach.connected(made);
	for (const event of ["signalReconnecting", "reconnecting", "reconnected"] as const) {
		made.session.on(event, () => {
			throw new Error(`of the app, at ${event} (part of the test)`);
		});
	}
	made.signal.lose();
	made.fakes.peer.state("disconnected");
	made.signal.accept();
	await sleep(0);
	assert.equal(made.session.state, "mending");
	made.fakes.peer.state("connected");
	assert.equal(made.session.state, "connected");
	made.session.leave();
});

test("tries are counted, and end with why it was lost", async () => {
	const asked: ReconnectContext[] = [];
	const nextRetryDelayInMs = (context: ReconnectContext) => {
		asked.push(context);
		return context.retryCount < 3 ? 1 : null;
	};
	const made = make({ reconnectPolicy: { nextRetryDelayInMs } });
	await reach.connected(made);
	made.signal.lose();
	for (let i = 0; i < 3; i++) {
		assert.equal(made.session.state, "resuming");
		made.signal.refuse(unreachable);
		await sleep(10);
	}
	assert.deepEqual(
		asked.map(({ retryCount }) => retryCount),
		[1, 2, 3],
	);
	assert.equal(asked[0].retryReason, unreachable);
	assert.equal(made.session.state, "closed");
	assert.deepEqual(made.end(), { reason: DisconnectReason.SIGNAL_CLOSE });
	assert.ok(made.fakes.peer.closed);
	assert.equal(made.signal.ended, "close");
});

test("a connection that comes and goes is tried later, and never given up for it", async () => {
	const asked: number[] = [];
	const nextRetryDelayInMs = ({ retryCount }: ReconnectContext) => {
		asked.push(retryCount);
		return 1;
	};
	const made = make({ reconnectPolicy: { nextRetryDelayInMs } });
	await reach.connected(made);
	for (let i = 0; i < 8; i++) {
		made.signal.lose();
		await sleep(5);
		made.signal.accept();
		await sleep(0);
		assert.equal(made.session.state, "connected");
	}
	assert.deepEqual(asked, [1, 2, 3, 4, 4, 4, 4]);
	made.session.leave();
});

test("the last word of a server ends it at once", async () => {
	const { DUPLICATE_IDENTITY, PARTICIPANT_REMOVED, ROOM_DELETED } = DisconnectReason;
	for (const context of [DUPLICATE_IDENTITY, PARTICIPANT_REMOVED, ROOM_DELETED]) {
		const made = make();
		await reach.rejoining(made);
		const { LeaveRequest } = ConnectionErrorReason;
		made.signal.refuse(new ConnectionError("refused", LeaveRequest, { context }));
		await sleep(0);
		assert.equal(made.session.state, "closed");
		assert.equal(made.end()?.reason, context);
	}
});

test("no tries without a network; at once when it is there, with ICE anew", async () => {
	const made = make();
	await reach.connected(made);
	made.fakes.link?.(false);
	made.signal.lose();
	await sleep(60);
	assert.equal(made.session.state, "resuming");
	assert.equal(made.fakes.signals.length, 1);
	made.fakes.link?.(true);
	assert.equal(made.fakes.signals.length, 2);
	made.signal.accept();
	await sleep(0);
	assert.equal(made.fakes.peer.restarts, 1);
	made.session.leave();
});

test("leave() in every state ends at once and closes everything", async () => {
	for (const state of [
		"doubting",
		"mending",
		"resuming",
		"waiting",
		"rejoining",
		"resting",
	] as const) {
		const made = make();
		await reach[state](made);
		made.session.leave();
		await sleep(60);
		assert.equal(made.session.state, "closed", state);
		assert.deepEqual(made.end(), { reason: DisconnectReason.CLIENT_INITIATED });
		for (const { closed } of made.fakes.peers) assert.ok(closed, state);
		assert.equal(made.fakes.link, undefined);
		for (const { connected } of made.fakes.signals) assert.equal(connected, false, state);
	}
});

test("what is asked meanwhile is kept, the newest 32", async () => {
	const made = make();
	await reach.resuming(made);
	for (let i = 0; i < 40; i++) {
		assert.ok(made.session.send({ subscription: { trackSids: [`${i}`], subscribe: true } }));
	}
	const asked = made.session.request(
		(requestId) => ({ updateMetadata: { name: "n", requestId } }),
		10,
	);
	made.signal.accept();
	await sleep(0);
	const kept = made.signal.sent.filter(({ subscription }) => subscription);
	assert.equal(kept.length, 31);
	assert.equal(kept[0].subscription?.trackSids?.[0], "9");
	assert.equal(await asked, undefined); // the fake does not answer
	made.session.leave();
});

test("the default policy: fourteen tries, dense at first, each with jitter", () => {
	const policy = new DefaultReconnectPolicy();
	const delay = (retryCount: number) =>
		policy.nextRetryDelayInMs({ retryCount, elapsedMs: 0 }) as number;
	assert.equal(delay(0), 0);
	const delays = Array.from({ length: 50 }, () => delay(1));
	assert.ok(delays.every((one) => one >= 300 && one < 450));
	assert.ok(new Set(delays).size > 40);
	assert.ok(delay(13) >= 7000 && delay(13) < 10_500);
	assert.equal(policy.nextRetryDelayInMs({ retryCount: 14, elapsedMs: 0 }), null);
});

test("media that came back by itself: signalling gets time to do the same", async () => {
	const made = make();
	await reach.doubting(made);
	const { timeout = 0 } = made.signal.hurried ?? {};
	assert.ok(timeout <= 1000);
	made.fakes.peer.state("connected");
	assert.equal(made.session.state, "connected");
	assert.ok((made.signal.hurried?.timeout ?? 0) > 2 * timeout);
	made.session.leave();
});

test("ten rounds of coming and going leave the description as it was", async () => {
	const made = make();
	await reach.connected(made);
	const round = async (i: number) => {
		made.session.publish({ cid: `mic${i}`, ...track }).catch(() => {});
		made.signal.emit("mediaSectionsRequirement", { numAudios: 3, numVideos: 0 });
		answerAll();
		made.session.unpublish(`mic${i}`);
		answerAll();
	};
	/** The server takes everything as it is offered. */
	const answerAll = () => {
		for (let last = -1; last !== made.signal.offers.length; ) {
			last = made.signal.offers.length;
			const offer = made.signal.offers[last - 1]?.sdp ?? "";
			const answer = offer
				.replaceAll("a=sendonly", "a=-")
				.replaceAll("a=recvonly", "a=sendonly")
				.replaceAll("a=-", "a=recvonly")
				.replaceAll("a=setup:actpass", "a=setup:active")
				.replaceAll(/a=ice-ufrag:.*/g, "a=ice-ufrag:YkGqyatqNFUBrclJ")
				.replaceAll(/a=ice-pwd:.*/g, "a=ice-pwd:SNKSvkxJwMeRKPraMKVDqrDXzuyFkboM")
				.replaceAll(/a=(msid|ssrc):.*\r\n/g, "");
			made.signal.answer(answer);
		}
	};
	let size = 0;
	for (let i = 0; i < 10; i++) {
		await round(i);
		const { length } = made.signal.offers.at(-1)?.sdp ?? "";
		if (i === 2) size = length;
		if (i > 2) assert.ok(Math.abs(length - size) < 10, `${length} bytes after ${size}`);
	}
	const { sdp = "" } = made.signal.offers.at(-1) ?? {};
	assert.equal(sdp.split("m=audio").length - 1, 9); // eight to receive, one to send
	assert.equal(made.session.state, "connected");
	made.session.leave();
});
