/** What a client says about itself, and how `/rtc/v1` takes a join request. */

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

/** The query of `/rtc/v1` and of its `/validate`. */
export function joinQuery(join: Init<messages.JoinRequest>): string {
	const joinRequest = encode(JoinRequest, {
		...join,
		clientInfo: { ...CLIENT_INFO, ...join.clientInfo },
	});
	return `join_request=${encodeBase64Url(encode(WrappedJoinRequest, { joinRequest }))}`;
}
