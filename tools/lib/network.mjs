import { networkInterfaces } from "node:os";
import { Failure } from "./failure.mjs";

/**
 * Fails on a machine that has loopback alone: the agent's libwebrtc does not gather it, and finds no
 * way to the server.
 * @param {ReturnType<typeof networkInterfaces>} interfaces
 */
export function requireNetwork(interfaces = networkInterfaces()) {
	if (Object.values(interfaces).some((addresses) => addresses?.some(({ internal }) => !internal))) {
		return;
	}
	throw new Failure(
		"no network address but loopback, and the agent needs one: connect to a network, or run: " +
			"sudo ip link add dummy0 type dummy; sudo ip addr add 192.0.2.1/24 dev dummy0; sudo ip link set dummy0 up",
	);
}
