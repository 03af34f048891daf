import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";
import { startFakeLiveKit } from "./fake-livekit.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** A certificate for 127.0.0.1 that signs itself. */
function makeCertificate() {
	const folder = mkdtempSync(join(tmpdir(), "livekit-xs-"));
	try {
		const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
		const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
		const name = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
		execFileSync("openssl", ["req", "-x509", ...kind, ...files, ...name], { stdio: "ignore" });
		const [key, cert] = ["key.pem", "cert.pem"].map((file) =>
			readFileSync(join(folder, file), "utf8"),
		);
		return { key, cert };
	} finally {
		rmSync(folder, { recursive: true });
	}
}

test("ts/signal/SignalClient.test.ts", async (t) => {
	const tls = makeCertificate();
	const server = await startFakeLiveKit();
	const secure = await startFakeLiveKit(tls);
	t.after(() => {
		server.close();
		secure.close();
	});
	const file = join(here, "SignalClient.test.ts");
	const { version } = JSON.parse(readFileSync(join(here, "../../../../package.json"), "utf8"));
	await runXsTest(t, file, {
		config: { port: server.port, securePort: secure.port, ca: tls.cert, version },
	});
});
