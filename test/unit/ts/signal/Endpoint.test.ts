import { assert, test } from "harness";
import { type Endpoint, parseEndpoint } from "livekit/signal/Endpoint";

const GOOD: readonly [string, Endpoint][] = [
	[
		"wss://example.livekit.cloud",
		{
			secure: true,
			host: "example.livekit.cloud",
			port: 443,
			authority: "example.livekit.cloud",
			path: "",
		},
	],
	[
		" http://10.0.0.1:7880/a/b//?token=x#y ",
		{ secure: false, host: "10.0.0.1", port: 7880, authority: "10.0.0.1:7880", path: "/a/b" },
	],
	[
		"HTTPS://[2001:db8::1]:8443/",
		{ secure: true, host: "2001:db8::1", port: 8443, authority: "[2001:db8::1]:8443", path: "" },
	],
	["ws://[::1]", { secure: false, host: "::1", port: 80, authority: "[::1]", path: "" }],
];

const BAD = [
	"",
	"localhost:7880",
	"ftp://host",
	"ws://",
	"ws://:80",
	"ws://host:0",
	"ws://host:65536",
	"ws://host:12x",
	"ws://::1",
	"ws://[::1",
	"ws://user:secret@host",
	"ws://ho st",
	"ws://host/pa th",
	"ws://host/\r\nX: y",
	"ws://hö.st",
	`ws://${"a".repeat(254)}`,
];

test("server URLs", () => {
	for (const [url, endpoint] of GOOD) assert.deepEqual(parseEndpoint(url), endpoint, url);
});

test("what is none is refused, without its secrets", () => {
	for (const url of BAD) assert.throws(() => parseEndpoint(url), SyntaxError, url);
	try {
		parseEndpoint("ws://user:secret@host?access_token=hidden");
	} catch (error) {
		assert.equal(/secret|hidden/.test((error as Error).message), false);
	}
});
