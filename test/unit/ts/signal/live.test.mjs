/** Against the real livekit-server. */

import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { AccessToken } from "livekit-server-sdk";
import { startServer } from "../../../../tools/server/server.mjs";
import { joinToken } from "../../../../tools/server/token.mjs";
import { runXsTest } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));

test("ts/signal/live.test.ts", async (t) => {
	const server = await startServer({ log: "signal-live-server.log" });
	t.after(() => server.stop());
	const room = "signal-live";
	const tokenOf = (identity, options) => joinToken(server, { room, identity, ...options });
	const { key, secret } = server;
	const notToJoin = new AccessToken(key, secret, { identity: "x" });
	notToJoin.addGrant({ roomList: true });
	const withoutRoom = new AccessToken(key, secret, { identity: "x" });
	withoutRoom.addGrant({ roomJoin: true });
	const config = {
		url: server.url,
		token: await tokenOf("device 😀"),
		other: await tokenOf("other", { canUpdateOwnMetadata: false }),
		expired: await tokenOf("late", { ttl: -60 }),
		wrongSecret: await joinToken({ key, secret: "y".repeat(32) }, { room, identity: "x" }),
		wrongKey: await joinToken({ key: "nokey", secret }, { room, identity: "x" }),
		notToJoin: await notToJoin.toJwt(),
		withoutRoom: await withoutRoom.toJwt(),
		malformed: "not.a.token",
	};
	await runXsTest(t, join(here, "live.test.ts"), { config });
});

test("ts/signal/killed.test.ts", async (t) => {
	const server = await startServer({ log: "signal-killed-server.log" });
	t.after(() => server.stop());
	const token = await joinToken(server, { room: "killed", identity: "x" });
	setTimeout(() => server.stop(), 2500);
	await runXsTest(t, join(here, "killed.test.ts"), { config: { url: server.url, token } });
});
