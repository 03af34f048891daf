/** Beside examples/data: tells the time, and sends objects back. */
import { RoomEvent } from "@livekit/rtc-node";
import { Packr } from "msgpackr";

const packr = new Packr({ useRecords: false });

/** @type {import("../example.mjs").ExamplePeer} */
export default (room, me) => {
	room.on(RoomEvent.DataReceived, async (payload, _participant, _kind, topic) => {
		if (topic === "time?") {
			const time = new TextEncoder().encode(new Date().toISOString());
			await me.publishData(time, { reliable: true, topic: "time" });
		} else if (topic?.startsWith("msgpack/")) {
			const value = packr.unpack(Buffer.from(payload));
			console.log("peer: an object:", value);
			await me.publishData(packr.pack(value), { reliable: true, topic });
		}
	});
};
