/** NATs as RFC 4787 calls them: who is mapped to what, and who may answer. */

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { labRefusal } from "./lab.mjs";
import { pause, port, probedLab } from "./lib.mjs";

const skip = await labRefusal();
const natAddress = "198.51.100.7";
const otherPort = 5001;

describe("a NAT", { skip }, () => {
	/** @type {Awaited<ReturnType<typeof probedLab>>} */
	let net;
	before(async () => {
		net = await probedLab();
		await net.server.open({ port: otherPort });
		await net.server.serve(port);
	});
	afterEach(() => net?.lab.nat("none"));
	after(() => net?.close());

	/** Sends from the device; where the server's socket sees it come from. @param {number} toPort */
	async function mappedTo(toPort) {
		await net.server.take(toPort);
		await net.device.send({ port, to: net.lab.server.address, toPort });
		await pause(20);
		const [arrival] = await net.server.take(toPort);
		assert.ok(arrival, `nothing came to ${toPort}`);
		return arrival.from;
	}

	/** Whether the device hears what the server's socket at `from` sends. @param {string} mapping @param {number} from */
	async function hears(mapping, from) {
		await net.device.take(port);
		const [to, toPort] = mapping.split(":");
		await net.server.send({ port: from, to, toPort: Number(toPort) });
		await pause(20);
		return (await net.device.take(port)).length === 1;
	}

	it("is not there at first", async () => {
		assert.equal(await mappedTo(port), `${net.lab.device.address}:${port}`);
	});

	it("with a full cone maps a socket once, and lets anybody answer", async () => {
		await net.lab.nat("full-cone");
		const mapping = await mappedTo(port);
		assert.match(mapping, new RegExp(`^${natAddress}:`));
		assert.ok(await hears(mapping, port));
		assert.ok(await hears(mapping, otherPort), "a stranger");
		assert.equal(await mappedTo(otherPort), mapping);
	});

	it("with restricted ports maps a socket once, and lets only those answer who were asked", async () => {
		await net.lab.nat("port-restricted");
		const mapping = await mappedTo(port);
		assert.ok(await hears(mapping, port));
		assert.equal(await hears(mapping, otherPort), false, "a stranger");
		assert.equal(await mappedTo(otherPort), mapping);
		assert.ok(await hears(mapping, otherPort), "now it was asked");
	});

	it("that is symmetric maps a socket for each remote", async () => {
		await net.lab.nat("symmetric");
		const [one, other] = [await mappedTo(port), await mappedTo(otherPort)];
		assert.notEqual(one, other);
		assert.equal(await mappedTo(port), one, "and keeps it");
		assert.ok(await hears(one, port));
		assert.ok(await hears(other, otherPort));
		assert.equal(await hears(one, otherPort), false, "a stranger");
	});

	it("keeps the device's own address unreachable", async () => {
		await net.lab.nat("full-cone");
		await mappedTo(port);
		assert.equal(await hears(`${net.lab.device.address}:${port}`, port), false);
		const { down } = await net.lab.stats();
		assert.ok(down.drops.nat > 0);
	});

	it("rebinds: other ports, other address, and nothing through the old mapping", async () => {
		await net.lab.nat("full-cone");
		const before = await mappedTo(port);
		await net.lab.rebind();
		assert.equal(await hears(before, port), false, "the old mapping is gone");
		const after = await mappedTo(port);
		assert.notEqual(after, before);
		await net.lab.rebind({ address: "198.51.100.8" });
		assert.match(await mappedTo(port), /^198\.51\.100\.8:/);
		await net.lab.rebind({ address: natAddress });
	});

	it("takes TCP through", async () => {
		await net.lab.nat("symmetric");
		const to = net.lab.server.address;
		const { counted } = await net.device.transfer({ to, toPort: port, bytes: 200_000 });
		assert.equal(counted, 200_000);
	});

	it("gives way to a device that moves to another address", async () => {
		const home = net.lab.device.address;
		await net.lab.moveDevice("10.77.1.9");
		assert.equal(await mappedTo(port), `10.77.1.9:${port}`);
		await net.lab.moveDevice(home);
	});
});
