/** A private CA and a certificate of a server, made for one test run. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} folder where the files go
 * @param {string} [address] the server's
 * @param {number} [padding] bytes more that the certificate has, as chains of intermediates do
 * @returns {{ ca: string, key: string, cert: string }} `ca` is the path of the CA's certificate;
 *   `key` and `cert` are PEM text of a server at localhost and `address`
 */
export function makeCertificates(folder, address = "127.0.0.1", padding = 0) {
	const path = (/** @type {string} */ name) => join(folder, name);
	const openssl = (/** @type {string} */ line) =>
		execFileSync("openssl", line.split(" "), { cwd: folder, stdio: "pipe" });
	const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
	openssl(`req -x509 ${newKey} -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca`);
	openssl(`req ${newKey} -keyout server.key -out server.csr -subj /CN=localhost`);
	const comment = padding > 0 ? `nsComment=${"x".repeat(padding)}\n` : "";
	writeFileSync(path("server.ext"), `subjectAltName=DNS:localhost,IP:${address}\n${comment}`);
	openssl(
		"x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile server.ext",
	);
	return {
		ca: path("ca.pem"),
		key: readFileSync(path("server.key"), "utf8"),
		cert: readFileSync(path("server.pem"), "utf8"),
	};
}
