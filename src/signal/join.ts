/** What a client says about itself, and how `/rtc/v1` and `/rtc` take a join request. */

import { encodeBase64Url } from "../platform/base64";
import { encode } from "../protocol/codec";
import { ClientInfo_SDK } from "../protocol/generated/enums";
import { JoinRequest, WrappedJoinRequest } from "../protocol/generated/tables";
import type * as messages from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

/** `clientProtocol` 2: RPC in text streams (1), and streams that are one packet (2). */
const CLIENT_INFO: Init<messages.ClientInfo> = {
	sdk: ClientInfo_SDK.ESP32,
	version: "0.1.0",
	protocol: 17,
	clientProtocol: 2,
};

/**
 * Where a connection is asked for, or what is `below` that: `/rtc/v1` for one peer connection, with all of
 * the request; `/rtc` for two, with what old servers know.
 */
export function joinTarget(join: Init<messages.JoinRequest>, single: boolean, below = ""): string {
	return single ? `/rtc/v1${below}?${singleQuery(join)}` : `/rtc${below}?${dualQuery(join)}`;
}

function singleQuery(join: Init<messages.JoinRequest>): string {
	const joinRequest = encode(JoinRequest, {
		...join,
		clientInfo: { ...CLIENT_INFO, ...join.clientInfo },
	});
	return `join_request=${encodeBase64Url(encode(WrappedJoinRequest, { joinRequest }))}`;
}

function dualQuery(join: Init<messages.JoinRequest>): string {
	const query = [
		"sdk=esp32",
		`version=${CLIENT_INFO.version}`,
		`protocol=${CLIENT_INFO.protocol}`,
		`client_protocol=${CLIENT_INFO.clientProtocol}`,
		`auto_subscribe=${join.connectionSettings?.autoSubscribe ? 1 : 0}`,
	];
	if (join.reconnect) {
		const { participantSid = "", reconnectReason = 0 } = join;
		const sid = encodeURIComponent(participantSid);
		query.push("reconnect=1", `sid=${sid}`, `reconnect_reason=${reconnectReason}`);
	}
	return query.join("&");
}
