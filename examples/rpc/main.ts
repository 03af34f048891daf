/**
 * Calls both ways: the peer switches a lamp of ours, and we ask it for the weather.
 * `npm run example -- rpc` runs it beside a peer in Node (tools/example-peers/rpc.mjs).
 */

import board from "board";
import { Room, RoomEvent, RpcError } from "livekit";
import config from "mc/config";

const room = new Room();
let lamp = false;

// What the method returns is the response; an RpcError that it throws reaches the caller.
room.registerRpcMethod("lamp", ({ payload, callerIdentity }) => {
	if (payload !== "on" && payload !== "off") throw new RpcError(1, 'a lamp is "on" or "off"');
	lamp = payload === "on";
	trace(`${callerIdentity} switched the lamp ${payload}\n`);
	return `the lamp is ${payload}`;
});

room.on(RoomEvent.Disconnected, () => board.end(lamp ? 0 : 1));
await room.connect(config.url, config.token);

const ask = (method: string) =>
	room.localParticipant.performRpc({ destinationIdentity: "peer", method, payload: "Bern" });
try {
	await ask("stocks");
} catch (error) {
	trace(`no stocks: ${(error as RpcError).message} (${(error as RpcError).code})\n`);
}
trace(`the weather: ${await ask("weather")}\n`);
await room.disconnect();
