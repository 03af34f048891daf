/**
 * The laboratory of a user without privileges. Root becomes one for this, in a mount namespace in which
 * /dev/net/tun is everybody's: what `chmod 666 /dev/net/tun` does to a machine, without doing it.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { which } from "../../tools/lib/command.mjs";
import { root } from "../../tools/lib/paths.mjs";
import { labRefusal } from "./lab.mjs";

const nobody = 65534;
const isRoot = process.getuid?.() === 0;
// Also builds it: the user we become may not.
const refusal = await labRefusal();
const skip = refusal ?? (isRoot && !which("setpriv") ? "no setpriv on PATH" : undefined);

/** $1: a folder on which the repository is mounted, for it may lie where others cannot read. */
const becomeNobody = `
set -e
mknod "$1/tun" c 10 200
chmod 666 "$1/tun"
mount --bind "$1/tun" /dev/net/tun
mount --bind "$2" "$1/repository"
cd "$1/repository"
shift 2
exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups --bounding-set=-all --inh-caps=-all "$@"`;

/** Runs Node without privileges, at the top of the repository. @param {string[]} args */
function runNode(args) {
	// Not a test of this run to node:test, but a program.
	const { NODE_TEST_CONTEXT: _, ...env } = process.env;
	const options = /** @type {const} */ ({ cwd: root, env, encoding: "utf8", timeout: 60_000 });
	if (!isRoot) return spawnSync(process.execPath, args, options);
	const folder = mkdtempSync(join(tmpdir(), "livekit-xs-lab-"));
	try {
		chmodSync(folder, 0o755);
		mkdirSync(join(folder, "repository"));
		const become = ["sh", "-c", becomeNobody, "sh", folder, root];
		const command = ["--mount", "--propagation", "private", ...become, process.execPath, ...args];
		return spawnSync("unshare", command, options);
	} finally {
		rmSync(join(folder, "tun"), { force: true });
		// Never what is in it: that is the repository, should a mount have got out.
		rmdirSync(join(folder, "repository"));
		rmdirSync(folder);
	}
}

describe("the laboratory without privileges", { skip }, () => {
	it("carries UDP and TCP through its NATs", { timeout: 90_000 }, (t) => {
		const program = `
			import { probedLab, port } from "./test/network/lib.mjs";
			if (process.getuid() === 0) throw new Error("root");
			const net = await probedLab();
			await net.server.serve(port);
			await net.lab.nat("symmetric");
			const arrivals = await net.up({ count: 100 });
			const to = net.lab.server.address;
			const { counted } = await net.device.transfer({ to, toPort: port, bytes: 100_000 });
			const { up } = await net.lab.stats();
			const { sent } = (await net.lab.device.interfaces()).eth0;
			console.log(JSON.stringify({ arrivals: arrivals.length, counted, up, sent }));
			await net.close();
		`;
		const { status, stdout, stderr } = runNode(["--input-type=module", "--eval", program]);
		const refused = /(?:no network namespaces|\/dev\/net\/tun: )[^\]\n]*/.exec(stderr);
		if (status !== 0 && refused) {
			console.error(`SKIPPED: the laboratory without privileges: ${refused[0]}`);
			t.skip(refused[0]);
			return;
		}
		assert.equal(status, 0, stderr);
		const { arrivals, counted, up, sent } = JSON.parse(stdout);
		assert.equal(arrivals, 100);
		assert.equal(counted, 100_000);
		assert.ok(up.received.packets > 170, "100 of UDP, and those of TCP");
		assert.equal(up.received.packets, sent.packets, "every packet crossed the forwarder");
	});
});
