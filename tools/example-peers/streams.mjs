/** Beside examples/streams: goes on with the story, and sends the picture back. */

/** @type {import("../example.mjs").ExamplePeer} */
export default (room, me) => {
	room.registerTextStreamHandler("story", async (reader) => {
		const story = await reader.readAll();
		const writer = await me.streamText({ topic: "story" });
		for (const piece of [story, " there ", "was ", "an ", "end."]) await writer.write(piece);
		await writer.close();
	});
	room.registerByteStreamHandler("picture", async (reader) => {
		const { name = "", mimeType } = reader.info;
		const writer = await me.streamBytes({ topic: "copy", name, mimeType });
		for await (const chunk of reader) await writer.write(chunk);
		await writer.close();
	});
};
