/** What the other side's description says of its data channels. */

import { SCTP_PORT } from "./sdp/build";
import type { Description } from "./sdp/parse";

export interface RemoteData {
	port: number;
	/** The largest message it takes, in bytes; 0: any. */
	maxMessageSize: number;
}

/** Undefined: it wants none. */
export function remoteData(this: unknown, description: Description): RemoteData | undefined {
	const section = description.sections.find(
		({ kind, rejected }) => kind === "application" && !rejected,
	);
	if (!section) return undefined;
	// Without a size it is 64 KiB (RFC 8841, section 6.1).
	const { sctpPort: port = SCTP_PORT, maxMessageSize = 65_536 } = section;
	return { port, maxMessageSize };
}
