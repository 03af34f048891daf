/**
 * Stands before a livekit-server and makes it one from before 1.9, which knows no /rtc/v1: there it
 * answers 404. Arguments: address and port to listen at, and the server's port at that address.
 */

import { connect, createServer } from "node:net";

const [address, port, target] = process.argv.slice(2);
const unknown = /^GET \S*\/rtc\/v1[/?]/;
const answer =
	"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 10\r\n\r\nnot found\n";

createServer((outside) => {
	outside.on("error", () => {});
	// A request line, and what may come with it; clients of ours ask once a connection.
	outside.once("data", (first) => {
		if (unknown.test(first.toString("latin1"))) {
			outside.end(answer);
			return;
		}
		const inside = connect(Number(target), address);
		inside.write(first);
		outside.pipe(inside).pipe(outside);
		inside.on("error", () => outside.destroy()).on("close", () => outside.destroy());
		outside.on("close", () => inside.destroy());
	});
}).listen(Number(port), address, () => console.log("listening"));
