import { assert, sleep, test } from "harness";
import { DisconnectReason, LeaveRequest_Action } from "livekit/protocol/generated/enums";
import { isLoopback } from "livekit/session/failures";
import { TrackPublishError } from "livekit/session/Publications";
import { type SessionEvent, type SessionState, transitions } from "livekit/session/state";
import { ConnectionError, ConnectionErrorReason } from "livekit/signal/ConnectionError";
import { first, inactive, withTrack } from "./answer";
import { exercised, leave, type Made, make, quick, reach, track, unreachable } from "./made";

/** Makes an event happen to a session, the way it does in life. */
const cause: Record<SessionEvent, (made: Made) => void | Promise<void>> = {
	start: ({ session }) => session.start("ws://10.0.0.1", "token"),
	prepared: () => sleep(0),
	joined: async (made) => {
		made.signal.accept();
		await sleep(0);
	},
	mediaUp: ({ fakes }) => fakes.peer.state("connected"),
	dataReady: ({ fakes }) => fakes.peer.openChannels(),
	mediaSilent: ({ fakes }) => fakes.peer.state("disconnected"),
	mediaFailed: ({ fakes }) => fakes.peer.state("failed", "consent expired"),
	signalAnswered: ({ signal }) => signal.hurried?.onAnswer(),
	signalLost: ({ signal }) => signal.lose(),
	resumed: async ({ fakes, signal }) => {
		fakes.peer.state("disconnected"); // or it were connected at once
		signal.accept();
		await sleep(0);
	},
	refused: async ({ signal }) => {
		signal.refuse(unreachable);
		await sleep(0);
	},
	regionLost: async (made) => {
		made.fakes.peer.state("disconnected");
		for (let i = 0; i < 3; i++) {
			if (i > 0) await sleep(70);
			made.signal.refuse(unreachable);
			await sleep(0);
		}
		await sleep(0);
	},
	forbidden: async ({ signal }) => {
		signal.refuse(new ConnectionError("no", ConnectionErrorReason.NotAllowed));
		await sleep(0);
	},
	toldToResume: (made) => leave(made, LeaveRequest_Action.RESUME),
	toldToRejoin: (made) => leave(made, LeaveRequest_Action.RECONNECT),
	linkUp: ({ fakes }) => fakes.link?.(true),
	due: () => sleep(70),
	exhausted: () => {},
	failed: async (made) => {
		const { signal, session } = made;
		if (session.state === "joining") {
			signal.refuse(new ConnectionError("no", ConnectionErrorReason.NotAllowed));
		} else {
			signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
			signal.answer("v=1");
		}
		await sleep(0);
	},
	timedOut: async () => sleep(60),
	dismissed: (made) => leave(made, LeaveRequest_Action.DISCONNECT),
	leave: ({ session }) => session.leave(),
};

/** Some events come about in other ways in these states, or cannot; they have tests of their own. */
const apart = new Set([
	"idle start", // preparing is over before one can look
	"preparing prepared",
	"preparing failed",
	"connected timedOut",
	"doubting timedOut",
	"mending timedOut",
	"stranded timedOut",
	"rejoining failed",
	"negotiating regionLost",
	"opening regionLost",
	"waiting exhausted",
	"resting exhausted",
]);
const behindConnected: readonly SessionState[] = [
	"connected",
	"doubting",
	"mending",
	"resuming",
	"waiting",
	"stranded",
	"rejoining",
	"renegotiating",
	"reopening",
	"resting",
];

for (const [state, row] of Object.entries(transitions) as [SessionState, object][]) {
	for (const [event, next] of Object.entries(row) as [SessionEvent, SessionState][]) {
		if (apart.has(`${state} ${event}`)) continue;
		test(`${state} + ${event} → ${next}`, async () => {
			const made = make({
				mediaTimeout: event === "timedOut" ? 30 : 5000,
				hasRegions: () => event === "regionLost",
				reconnectPolicy: event === "regionLost" ? { nextRetryDelayInMs: () => 10 } : quick,
			});
			await reach[state](made);
			assert.equal(made.session.state, state);
			await cause[event](made);
			assert.equal(made.session.state, next);
			if (next === "closed") {
				assert.equal(made.events.filter((name) => name === "closed").length, 1);
				assert.equal(made.end()?.error === undefined, behindConnected.includes(state));
			}
			made.session.leave();
		});
	}
}

test("idle + start → preparing, then joining", async () => {
	const { session } = make();
	session.start("ws://10.0.0.1", "token");
	assert.equal(session.state, "preparing");
	await sleep(0);
	assert.equal(session.state, "joining");
	assert.throws(() => session.start("ws://10.0.0.1", "token"));
	session.leave();
});

test("preparing + failed → closed, with the reason", async () => {
	const { session, fakes, end } = make();
	fakes.identity = Promise.reject(new Error("no entropy"));
	session.start("ws://10.0.0.1", "token");
	await sleep(0);
	assert.equal(session.state, "closed");
	assert.match(end()?.error?.message ?? "", /no entropy/);
});

/** Regions of the server, which are known already. */
const regions = (made: Made, ...urls: string[]) =>
	made.session.signalling.regionsReported(urls.map((url) => ({ region: "", url, distance: 0 })));

for (const state of ["negotiating", "opening"] as const) {
	test(`${state} + regionLost → preparing: media does not come up, but in another region`, async () => {
		const made = make({ hasRegions: () => true, region: "ws://10.0.0.2" });
		await reach[state](made);
		assert.equal(made.signal.url, "ws://10.0.0.2");
		const published = made.session.publish({ ...track, cid: "c" });
		made.signal.published("c", "TR_one");
		await published;
		const [peer, signal] = [made.fakes.peer, made.signal];
		regions(made, "ws://10.0.0.3");
		peer.state("failed", "no path");
		assert.equal(made.session.state, "preparing");
		assert.ok(peer.closed && signal.ended === "close");
		await sleep(0);
		assert.equal(made.session.state, "joining");
		assert.equal(made.signal.url, "ws://10.0.0.3");
		made.signal.accept(() => made.signal.answer(first));
		await sleep(0);
		made.signal.published("c", "TR_two");
		made.fakes.peer.state("connected");
		made.fakes.peer.openChannels();
		const told = ["joined", "restarting", "joined", "republished c TR_two", "connected"];
		assert.deepEqual(made.events, told);
		made.session.leave();
	});
}

test("media that comes up in no region: why not in the last", async () => {
	const made = make({ hasRegions: () => true, mediaTimeout: 30 });
	await reach.negotiating(made);
	regions(made, "ws://10.0.0.2");
	await sleep(40);
	assert.equal(made.signal.url, "ws://10.0.0.2");
	made.signal.accept(() => made.signal.answer(first));
	await sleep(0);
	made.fakes.peer.state("failed", "no path");
	await sleep(0);
	assert.equal(made.session.state, "closed");
	assert.match(made.end()?.error?.message ?? "", /no path/);
});

test("when all is joined anew, too", async () => {
	const made = make({ hasRegions: () => true });
	await reach.renegotiating(made);
	regions(made, "ws://10.0.0.2");
	made.fakes.peer.state("failed", "no path");
	assert.equal(made.session.state, "resting");
	await sleep(70);
	assert.equal(made.session.state, "rejoining");
	assert.equal(made.signal.url, "ws://10.0.0.2");
	made.session.leave();
});

test("stranded + timedOut → rejoining: the server did not say why", async () => {
	const made = make();
	await reach.stranded(made);
	await sleep(600);
	assert.equal(made.session.state, "rejoining");
	made.session.leave();
	assert.deepEqual(made.end(), { reason: DisconnectReason.CLIENT_INITIATED });
});

test("an offer without an answer: all is joined anew", async () => {
	const made = make({ answerTimeout: 30 });
	await reach.connected(made);
	made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
	await sleep(60);
	assert.equal(made.session.state, "rejoining");
	made.session.leave();
});

test("an offer without an answer while media is lost: the same", async () => {
	for (const state of ["doubting", "mending"] as const) {
		const made = make({ answerTimeout: 30 });
		await reach.connected(made);
		if (state === "doubting") {
			made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
		}
		made.fakes.peer.state("disconnected");
		if (state === "mending") made.signal.hurried?.onAnswer(); // offers an ICE restart
		assert.equal(made.session.state, state);
		await sleep(60);
		assert.equal(made.session.state, "rejoining");
		made.session.leave();
	}
});

test("an answer that cannot be used, before the join is handled: another try", async () => {
	const made = make();
	await reach.rejoining(made);
	made.signal.accept(() => made.signal.answer("v=1"));
	assert.equal(made.session.state, "resting");
	made.session.leave();
});

test("the last try fails: it ends with why it was lost", async () => {
	for (const state of ["waiting", "resting"] as const) {
		const made = make({ reconnectPolicy: { nextRetryDelayInMs: () => null } });
		await reach[state](made);
		assert.equal(made.session.state, "closed", state);
		assert.ok(made.end()?.reason !== undefined, state);
	}
});

test("a join without an answer ends, and says so", async () => {
	const made = make({ answerTimeout: 30 });
	await reach.joining(made);
	await sleep(60); // the join itself is signalling's to limit
	assert.equal(made.session.state, "joining");
	made.signal.accept();
	await sleep(60);
	assert.equal(made.end()?.error?.reason, ConnectionErrorReason.Timeout);
	assert.match(made.end()?.error?.message ?? "", /did not answer/);
});

test("closed stays closed", async () => {
	const made = make();
	await reach.closed(made);
	made.fakes.peer.state("failed");
	made.signal.emit("closed", { message: "gone", code: 1006 });
	made.session.leave();
	assert.equal(made.events.filter((name) => name === "closed").length, 1);
	assert.ok(made.fakes.peer.closed);
});

test("why it ended", async () => {
	const cases: [SessionState, SessionEvent, number | undefined, unknown][] = [
		["connected", "leave", DisconnectReason.CLIENT_INITIATED, { reason: 1 }],
		["connected", "dismissed", DisconnectReason.ROOM_DELETED, "close"],
		["stranded", "dismissed", DisconnectReason.ROOM_DELETED, "close"],
	];
	for (const [state, event, reason, ended] of cases) {
		const made = make();
		await reach[state](made);
		await cause[event](made);
		assert.equal(made.end()?.reason, reason, event);
		assert.deepEqual(made.signal.ended, ended, event);
	}
});

test("why it ended: whatever a server says, and what was lost when nothing comes back", async () => {
	for (const reason of Object.values(DisconnectReason)) {
		const made = make();
		await reach.connected(made);
		made.signal.emit("leave", { reason, action: LeaveRequest_Action.DISCONNECT } as never);
		assert.equal(made.end()?.reason, reason);
	}
	const { CONNECTION_TIMEOUT, MEDIA_FAILURE, SIGNAL_CLOSE, STATE_MISMATCH } = DisconnectReason;
	const losses: [number, (made: Made) => void][] = [
		[SIGNAL_CLOSE, ({ signal }) => signal.lose()],
		[CONNECTION_TIMEOUT, ({ fakes }) => fakes.peer.state("disconnected")],
		[MEDIA_FAILURE, ({ fakes }) => fakes.peer.state("failed", "closed")],
		[
			STATE_MISMATCH,
			({ signal }) => {
				const action = LeaveRequest_Action.RECONNECT;
				signal.emit("leave", { reason: STATE_MISMATCH, action } as never);
			},
		],
	];
	for (const [reason, lose] of losses) {
		const made = make({ reconnectPolicy: { nextRetryDelayInMs: () => null } });
		await reach.connected(made);
		lose(made);
		if (made.session.state === "doubting") made.fakes.link?.(true); // it is tried anew
		if (made.session.state === "stranded") await sleep(550);
		await sleep(0);
		made.signal.refuse(unreachable);
		await sleep(0);
		assert.equal(made.session.state, "closed");
		assert.deepEqual(made.end(), { reason });
	}
});

test("of media that does not come up our own peer knows more than the server", async () => {
	const reason = DisconnectReason.CONNECTION_TIMEOUT;
	const dismiss = ({ signal }: Made) => {
		signal.emit("leave", { reason, action: LeaveRequest_Action.RESUME } as never);
		signal.lose();
	};
	const made = make();
	await reach.negotiating(made);
	dismiss(made);
	made.fakes.peer.state("failed", "DTLS: another fingerprint");
	assert.match(made.end()?.error?.message ?? "", /another fingerprint/);

	const silent = make();
	await reach.negotiating(silent);
	dismiss(silent);
	assert.equal(silent.session.state, "negotiating");
	await sleep(30);
	assert.match(silent.end()?.error?.message ?? "", /the server ended .*CONNECTION_TIMEOUT/);
});

test("why it never was connected", async () => {
	const cases: [SessionState, SessionEvent, number, RegExp][] = [
		["preparing", "timedOut", ConnectionErrorReason.Timeout, /certificate/],
		["joining", "failed", ConnectionErrorReason.NotAllowed, /^no$/],
		["joining", "leave", ConnectionErrorReason.Cancelled, /disconnect/],
		["negotiating", "dismissed", ConnectionErrorReason.LeaveRequest, /ROOM_DELETED/],
		["negotiating", "signalLost", ConnectionErrorReason.WebSocket, /gone/],
		["negotiating", "mediaFailed", ConnectionErrorReason.InternalError, /consent expired/],
		["negotiating", "timedOut", ConnectionErrorReason.Timeout, /UDP/],
		["opening", "timedOut", ConnectionErrorReason.Timeout, /data channels did not open/],
	];
	for (const [state, event, reason, message] of cases) {
		const made = make({ mediaTimeout: 30 });
		await reach[state](made);
		await cause[event](made);
		const error = made.end()?.error;
		assert.equal(error?.reason, reason, event);
		assert.match(error?.message ?? "", message);
	}
});

test("the join carries the offer and what was published before", async () => {
	const { session, signal, fakes } = make({ autoSubscribe: false });
	const published = session.publish({ cid: "mic", ...track });
	session.start("ws://10.0.0.1", "token");
	await sleep(0);
	const { connectionSettings, addTrackRequests, publisherOffer } = signal.join ?? {};
	assert.equal(connectionSettings?.autoSubscribe, false);
	assert.equal(addTrackRequests?.length, 1);
	assert.equal(addTrackRequests?.[0].cid, "mic");
	assert.equal(publisherOffer?.id, 1);
	assert.match(
		publisherOffer?.sdp ?? "",
		/a=sendonly(.|\r\n)*a=msid:\S+ mic\r\n(.|\r\n)*a=recvonly/,
	);
	assert.equal(publisherOffer?.sdp?.split("m=application").length, 2);
	// It captures already, and is heard as soon as there are keys.
	assert.equal(fakes.peer.senders.size, 1);
	assert.deepEqual([...fakes.peer.muted.values()], [false]);
	signal.accept(() => {
		signal.published("mic", "TR_mic");
		signal.answer(first);
	});
	assert.equal((await published).sid, "TR_mic");
	assert.equal(fakes.peer.senders.size, 1);
	session.leave();
});

test("a server without data channels: connected with media", async () => {
	const made = make();
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer(first.replace("m=application 9", "m=application 0")));
	await sleep(0);
	assert.equal(made.fakes.peer.data, undefined);
	made.fakes.peer.state("connected");
	assert.equal(made.session.state, "connected");
	assert.equal(made.session.stats.timeline.dataReady, undefined);
	await assert.rejects(made.session.sendData(new Uint8Array(1), 0), /no data channels/);
	made.session.leave();
});

test("data channels are negotiated before the transport, and once", async () => {
	const made = make();
	const order: string[] = [];
	await reach.joining(made);
	const { peer } = made.fakes;
	const { setRemote } = peer;
	peer.setRemote = (remote) => {
		order.push(`remote, ${peer.channels.length} channels`);
		setRemote.call(peer, remote);
	};
	made.signal.accept(() => made.signal.answer(first));
	await sleep(0);
	made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
	made.signal.answer(first);
	assert.deepEqual(order, ["remote, 2 channels"]);
	assert.equal(peer.channels.length, 2);
	made.session.leave();
});

test("data channels that fail end what has begun with them, not a call", async () => {
	const opening = make();
	await reach.opening(opening);
	opening.fakes.peer.options.onDataEnded?.("the peer does not answer", 0);
	assert.equal(opening.session.state, "closed");
	assert.match(opening.end()?.error?.message ?? "", /data channels failed: the peer does not/);

	const connected = make();
	await reach.connected(connected);
	connected.fakes.peer.options.onDataEnded?.("", 0);
	assert.equal(connected.session.state, "connected");
	await assert.rejects(connected.session.sendData(new Uint8Array(1), 0), /server ended/);
	connected.session.leave();
});

test("messages right behind the join come after `joined`, in order", async () => {
	const made = make();
	await reach.joining(made);
	made.signal.accept(() => {
		made.signal.emit("update", { participants: [] });
		made.signal.answer(withTrack());
	});
	await sleep(0);
	made.fakes.peer.state("connected");
	made.fakes.peer.openChannels();
	assert.deepEqual(made.events, ["track TR_voice", "joined", "update", "connected"]);
	made.session.leave();
});

test("media and data that are up before the join is handled count", async () => {
	const made = make();
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer(first));
	made.fakes.peer.state("connected");
	made.fakes.peer.openChannels();
	await sleep(0);
	assert.equal(made.session.state, "connected");
	made.session.leave();
});

test("candidates wait for the answer, and are added once", async () => {
	const made = make();
	const { signal, fakes } = made;
	await reach.joining(made);
	const trickle = (address: string, final = false) => {
		const candidate = `candidate:1 1 udp 5 ${address} 7882 typ host`;
		signal.emit("trickle", { candidateInit: JSON.stringify({ candidate }), target: 0, final });
	};
	signal.accept(() => {
		trickle("10.0.0.1");
		trickle("host.local");
		assert.deepEqual(fakes.peer.candidates, []);
		signal.answer(withTrack());
	});
	trickle("10.0.0.1");
	trickle("10.0.0.3", true);
	assert.deepEqual(fakes.peer.candidates, [
		"10.0.0.1 7882",
		"127.0.0.1 7891",
		"fd00::2 7892",
		"127.0.0.1 7892",
		"10.0.0.3 7882",
	]);
	assert.ok(fakes.peer.complete);
	const { hostname, component } = made.session.stats.peer;
	assert.deepEqual([hostname, component], [1, 3]);
	made.session.leave();
});

test("our best candidates are in the offer, the others trickle once we are in", async () => {
	const made = make();
	made.fakes.addresses = 6;
	await reach.negotiating(made);
	const offered = made.signal.offers[0]?.sdp?.match(/10\.0\.0\.\d/g);
	assert.deepEqual(offered, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
	const trickled = made.signal.sent.map(
		({ trickle }) => trickle?.candidateInit?.match(/10\.0\.0\.\d/)?.[0],
	);
	assert.deepEqual(trickled, ["10.0.0.5", "10.0.0.6"]);
	made.session.leave();
});

test("a requirement of sections is answered by an offer, 0 and 0 too", async () => {
	const made = make();
	await reach.connected(made);
	const require = (numAudios: number, numVideos: number) => {
		made.signal.emit("mediaSectionsRequirement", { numAudios, numVideos });
	};
	const sections = () => (made.signal.offers.at(-1)?.sdp ?? "").split("m=audio").length - 1;
	require(0, 0);
	assert.equal(made.signal.offers.length, 2);
	assert.equal(sections(), 1);
	require(2, 0); // while the offer is on its way
	assert.equal(made.signal.offers.length, 2);
	made.signal.answer(first);
	assert.equal(made.signal.offers.length, 3);
	assert.equal(made.signal.offers.at(-1)?.id, 3);
	assert.equal(sections(), 3);
	made.signal.answer(first);
	require(100, 0);
	assert.equal(sections(), 8);
	made.session.leave();
});

test("asking for video again and again is answered once", async () => {
	const made = make();
	await reach.connected(made);
	for (let i = 0; i < 3; i++) {
		made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 1 });
		if (i === 0) made.signal.answer(first);
	}
	assert.equal(made.signal.offers.length, 2);
	made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
	assert.equal(made.signal.offers.length, 3);
	made.session.leave();
});

test("late answers are counted and change nothing", async () => {
	const made = make();
	await reach.connected(made);
	made.signal.answer(withTrack(), 1);
	made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
	made.signal.answer(withTrack(), 1);
	assert.equal(made.session.stats.peer.staleAnswers, 2);
	assert.deepEqual(made.fakes.peer.receiving, {});
	made.session.leave();
});

test("tracks come, change and go with the answers", async () => {
	const made = make();
	await reach.connected(made);
	const { peer } = made.fakes;
	const negotiate = (sdp: string, mids?: [string, string][]) => {
		made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
		made.signal.answer(sdp, undefined, mids);
	};
	negotiate(withTrack());
	assert.deepEqual(peer.receiving, { 1: 2018590473 });
	negotiate(withTrack());
	negotiate(withTrack("TR_other", 5));
	assert.deepEqual(peer.receiving, { 1: 5 });
	negotiate(withTrack("TR_other", 5), [["1", "TR_mapped"]]); // the map is what counts
	negotiate(inactive);
	assert.deepEqual(peer.receiving, {});
	assert.deepEqual(made.events.slice(2), [
		"track TR_voice",
		"trackEnded",
		"track TR_other",
		"trackEnded",
		"track TR_mapped",
		"trackEnded",
	]);
	made.session.leave();
});

test("a volume reaches its receiver while it is there", async () => {
	const made = make();
	const volumes: ((volume: number) => void)[] = [];
	made.session.on("track", (incoming) => volumes.push(incoming.setVolume));
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer(withTrack()));
	volumes[0](0.5);
	made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
	made.signal.answer(inactive);
	volumes[0](0.25);
	assert.deepEqual([...made.fakes.peer.volumes.values()], [0.5]);
	made.session.leave();
});

test("an answer with another fingerprint, or other credentials unasked, is not taken: all is joined anew", async () => {
	for (const [from, to] of [
		["02:DB", "02:DC"],
		["ice-ufrag:Yk", "ice-ufrag:Zk"],
	]) {
		const made = make();
		await reach.connected(made);
		made.signal.emit("mediaSectionsRequirement", { numAudios: 0, numVideos: 0 });
		made.signal.answer(first.replaceAll(from, to));
		assert.equal(made.session.state, "rejoining");
		made.session.leave();
	}
});

test("a track after connecting: AddTrack, an offer, then packets", async () => {
	const made = make();
	await reach.connected(made);
	const { signal, session, fakes } = made;
	const published = session.publish({ cid: "mic", ...track });
	assert.equal(signal.sent[0].addTrack?.cid, "mic");
	assert.match(signal.sent[1].offer?.sdp ?? "", /a=msid:\S+ mic\r\n/);
	assert.equal(fakes.peer.senders.size, 0);
	signal.published("mic", "TR_mic");
	assert.equal((await published).sid, "TR_mic");
	// The microphone's section is the third, behind the data channels'.
	const behind = (text: string) =>
		text
			.replace("a=mid:2", "a=mid:data")
			.replace("a=mid:1", "a=mid:2")
			.replace("a=mid:data", "a=mid:1");
	signal.answer(behind(first.replaceAll("a=sendonly", "a=recvonly")));
	assert.equal([...fakes.peer.senders.values()][0].mid, "2");
	session.setMuted("mic", "TR_mic", true);
	assert.deepEqual([...fakes.peer.muted.values()], [true]);
	assert.deepEqual(signal.sent.at(-1)?.mute, { sid: "TR_mic", muted: true });
	session.unpublish("mic");
	assert.equal(fakes.peer.senders.size, 0);
	assert.match(signal.offers.at(-1)?.sdp ?? "", /a=mid:2\r\na=sendonly/);
	assert.ok(!/a=(msid:\S|ssrc)/.test(signal.offers.at(-1)?.sdp ?? ""));
	signal.answer(behind(first.replaceAll("a=sendonly", "a=recvonly")));
	session.publish({ cid: "again", ...track }).catch(() => {}); // in the same section
	const { sdp = "" } = signal.offers.at(-1) ?? {};
	assert.match(sdp, /a=mid:2\r\na=sendonly(.|\r\n)*a=msid:\S+ again\r\n/);
	assert.equal(sdp.split("m=audio").length - 1, 2);
	session.leave();
});

test("a section that is given to another track before its answer is not refused by it", async () => {
	const made = make();
	await reach.connected(made);
	const { signal, session, fakes } = made;
	const [head, receiving, audio, data] = first.split("m=");
	const section = (mid: number, direction: string) =>
		audio.replace("mid:1", `mid:${mid}`).replace("a=sendonly", `a=${direction}`);
	// Ours are the third and fourth sections.
	const answer = (third: string, fourth: string) =>
		signal.answer(
			[head, receiving, data.replace("mid:2", "mid:1"), section(2, third), section(3, fourth)].join(
				"m=",
			),
		);
	const refused: string[] = [];
	for (const cid of ["one", "two"]) {
		session.publish({ cid, ...track }).catch(() => refused.push(cid));
		signal.published(cid, `TR_${cid}`);
	}
	answer("recvonly", "inactive"); // the offer with the first; the second is in the next
	answer("recvonly", "recvonly");
	assert.equal(fakes.peer.senders.size, 2);
	session.unpublish("one"); // an offer without it is on its way
	session.unpublish("two");
	answer("recvonly", "recvonly"); // the first's section is free, and the next offer has it so
	session.publish({ cid: "three", ...track }).catch(() => refused.push("three"));
	signal.published("three", "TR_three");
	answer("recvonly", "recvonly");
	answer("recvonly", "recvonly");
	await sleep(0);
	assert.deepEqual(refused, []);
	assert.equal(fakes.peer.senders.size, 1);
	session.leave();
});

test("a track while joining is announced once we are in", async () => {
	const made = make();
	await reach.joining(made);
	const { signal, session } = made;
	const published = session.publish({ cid: "late", ...track });
	const offered = first.slice(0, first.lastIndexOf("m="));
	signal.accept(() => signal.answer(offered));
	await sleep(0);
	assert.equal(signal.sent.filter(({ addTrack }) => addTrack?.cid === "late").length, 1);
	assert.match(signal.offers.at(-1)?.sdp ?? "", /a=msid:\S+ late\r\n/);
	signal.published("late", "TR_late");
	assert.equal((await published).sid, "TR_late");
	session.leave();
});

test("a muted track sends nothing", async () => {
	const made = make();
	made.session.publish({ cid: "mic", ...track, muted: true }).catch(() => {});
	await reach.joining(made);
	assert.equal(made.signal.join?.addTrackRequests?.[0].muted, true);
	assert.deepEqual([...made.fakes.peer.muted.values()], [true]);
	made.session.leave();
});

test("a track that the server refuses", async () => {
	const made = make();
	const published = made.session.publish({ cid: "mic", ...track });
	await reach.joining(made);
	made.signal.accept(() => {
		made.signal.emit("requestResponse", {
			requestId: 0,
			reason: 2,
			message: "",
			addTrack: { cid: "mic" } as never,
		});
		made.signal.answer(first);
	});
	await assert.rejects(published, (error) => {
		return (
			error instanceof TrackPublishError && error.reason === 2 && /NOT_ALLOWED/.test(error.message)
		);
	});
	assert.equal(made.fakes.peer.senders.size, 0);
	assert.equal(made.session.state, "negotiating");
	made.session.leave();
});

test("a track whose section the server refuses, or never speaks of", async () => {
	const made = make({ publishTimeout: 30 });
	const published = made.session.publish({ cid: "mic", ...track });
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer(first.replace("m=audio 9", "m=audio 0")));
	await assert.rejects(published, /did not accept/);
	await sleep(0);
	made.fakes.peer.state("connected");
	await assert.rejects(made.session.publish({ cid: "other", ...track }), /did not answer/);
	made.session.leave();
	await assert.rejects(made.session.publish({ cid: "late", ...track }), TrackPublishError);
});

test("an extension the answer leaves out is not sent", async () => {
	const made = make();
	made.session.publish({ cid: "mic", ...track }).catch(() => {});
	await reach.joining(made);
	const without = first.replaceAll(/a=extmap:1 .*\r\n/g, "");
	made.signal.accept(() => made.signal.answer(without));
	assert.deepEqual([...made.fakes.peer.senders.values()][0].extensions, { audioLevel: 0, mid: 2 });
	assert.deepEqual([...made.fakes.peer.muted.values()], [false]);
	made.session.leave();
});

test("a session without a speaker receives for nobody", async () => {
	const made = make({ speaker: () => undefined });
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer(withTrack()));
	assert.deepEqual(made.fakes.peer.receiving, {});
	made.session.leave();
});

test("a track that finds no memory fails, and the call goes on", async () => {
	const made = make();
	const failed: string[] = [];
	made.session.on("trackFailed", (sid) => failed.push(sid));
	await reach.joining(made);
	made.fakes.peer.addReceiver = () => {
		throw new Error("no memory");
	};
	made.signal.accept(() => made.signal.answer(withTrack()));
	assert.deepEqual(failed, ["TR_voice"]);
	await sleep(0);
	assert.equal(made.session.state, "negotiating");
	made.session.leave();
});

test("an answer that is no SDP ends the join in one line", async () => {
	const made = make();
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer("nonsense"));
	assert.match(made.end()?.error?.message ?? "", /^the server's answer cannot be used: .*v=0$/);
});

test("after the end nothing is asked of the peer connection", async () => {
	const made = make();
	let setVolume: ((volume: number) => void) | undefined;
	made.session.on("track", (incoming) => {
		setVolume = incoming.setVolume;
	});
	made.session.publish({ cid: "mic", ...track }).catch(() => {});
	await reach.joining(made);
	made.signal.accept(() => made.signal.answer(withTrack()));
	made.session.leave();
	const { peer } = made.fakes;
	for (const name of ["setVolume", "setMuted", "removeSender", "removeReceiver"] as const) {
		peer[name] = () => assert.fail(`${name}() on a closed peer`);
	}
	Object.defineProperty(peer, "ufrag", { get: () => assert.fail("ufrag of a closed peer") });
	setVolume?.(0.5);
	made.session.setMuted("mic", "TR_mic", true);
	made.session.unpublish("mic");
});

test("figures stay after the end", async () => {
	const made = make();
	await reach.closed(made);
	assert.equal(made.session.stats.peer.rtpIn, 7);
	assert.equal(made.session.stats.timeline.connect, 0);
	assert.ok((made.session.stats.timeline.joined ?? -1) >= 0);
});

test("servers on this machine", () => {
	for (const url of [
		"ws://localhost:7880",
		"http://127.0.0.1",
		"wss://[::1]:7880/x",
		"WS://LOCALHOST",
	]) {
		assert.ok(isLoopback(url), url);
	}
	for (const url of [
		"ws://localhost.example",
		"ws://127.0.0.1.example",
		"ws://10.0.0.1",
		"",
		"127.0.0.1",
	]) {
		assert.ok(!isLoopback(url), url);
	}
});

/** What an app's calls do, by state. `held`: kept for when there is a connection. */
const calls: Record<
	SessionState,
	{ send: "refused" | "held" | "sent"; data: "refused" | "held" | "sent" }
> = {
	idle: { send: "refused", data: "refused" },
	preparing: { send: "refused", data: "refused" },
	joining: { send: "refused", data: "refused" },
	negotiating: { send: "sent", data: "refused" },
	opening: { send: "sent", data: "refused" },
	connected: { send: "sent", data: "sent" },
	doubting: { send: "sent", data: "sent" },
	mending: { send: "sent", data: "sent" },
	resuming: { send: "held", data: "sent" },
	waiting: { send: "held", data: "sent" },
	stranded: { send: "sent", data: "sent" },
	rejoining: { send: "held", data: "held" },
	renegotiating: { send: "sent", data: "sent" }, // into SCTP's buffer
	reopening: { send: "sent", data: "sent" },
	resting: { send: "held", data: "held" },
	closed: { send: "refused", data: "refused" },
};

for (const [state, { send, data }] of Object.entries(calls) as [
	SessionState,
	(typeof calls)[SessionState],
][]) {
	test(`what an app may call in ${state}`, async () => {
		const made = make();
		await reach[state](made);
		const { session } = made;
		const before = made.signal.sent.length;
		assert.equal(
			session.send({ subscription: { trackSids: ["TR_x"], subscribe: true } }),
			send !== "refused",
		);
		assert.equal(made.signal.sent.length - before, send === "sent" ? 1 : 0);

		const outcome = (promise: Promise<unknown>) =>
			Promise.race([
				promise.then(
					() => "sent",
					() => "refused",
				),
				sleep(5).then(() => "held"),
			]);
		assert.equal(await outcome(session.sendData(new Uint8Array(2), 0, 1)), data);
		// What may be lost never waits.
		const lossy = data === "refused" ? "refused" : "sent";
		assert.equal(await outcome(session.sendData(new Uint8Array(2), 1)), lossy);

		const published = session.publish({ cid: "mic", ...track });
		published.catch(() => {});
		session.setMuted("mic", "TR_mic", true);
		session.unpublish("mic");
		await assert.rejects(published, TrackPublishError);
		const asked = session.request(
			(requestId) => ({ updateMetadata: { name: "n", requestId } }),
			10,
		);
		assert.ok(Array.isArray(Object.keys(session.stats.peer)));
		session.leave();
		assert.equal(session.state, "closed");
		assert.equal(await asked, undefined);
		assert.equal(made.fakes.link, undefined);
		for (const { closed } of made.fakes.peers) assert.ok(closed);
		for (const { connected } of made.fakes.signals) assert.equal(connected, false);
	});
}

test("every transition of the table has been exercised by a test above", () => {
	const table = Object.entries(transitions).flatMap(([state, row]) =>
		Object.keys(row).map((event) => `${state} ${event}`),
	);
	assert.deepEqual(
		table.filter((one) => !exercised.has(one)),
		[],
	);
});
