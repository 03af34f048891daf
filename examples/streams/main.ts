/**
 * Streams: a text that arrives while it is being written, and a file with progress.
 * `npm run example -- streams` runs it beside a peer in Node (tools/example-peers/streams.mjs).
 */

import board from "board";
import { Room, RoomEvent } from "livekit";
import config from "mc/config";

const room = new Room();
const SIZE = 30_000; // more does not fit a board's heap at one time
let story = "";
let back = 0;

// Piece by piece, as it comes.
const storyTold = new Promise<void>((resolve) => {
	room.registerTextStreamHandler("story", async (reader, { identity }) => {
		for await (const piece of reader) story += piece;
		trace(`${identity} tells: ${story}\n`);
		resolve();
	});
});

// A file larger than this engine's heap could hold is read in pieces, too.
const copyReceived = new Promise<void>((resolve) => {
	room.registerByteStreamHandler("copy", async (reader) => {
		for await (const chunk of reader) back += chunk.length;
		trace(`${reader.info.name} came back: ${back} bytes\n`);
		resolve();
	});
});

room.on(RoomEvent.Disconnected, () => board.end(story !== "" && back === SIZE ? 0 : 1));
await room.connect(config.url, config.token);

const { localParticipant } = room;
const writer = await localParticipant.streamText({ topic: "story" });
for (const word of ["Once ", "upon ", "a ", "time ", "🐉"]) await writer.write(word);
await writer.close();

const file = { name: "picture.raw", type: "image/x-raw", bytes: new Uint8Array(SIZE) };
let percent = 0;
await localParticipant.sendFile(file, {
	topic: "picture",
	onProgress: (progress) => {
		if (progress * 100 < percent) return;
		trace(`sent ${Math.round(progress * 100)} %\n`);
		percent += 25;
	},
});
await Promise.all([storyTold, copyReceived]);
await room.disconnect();
