/** What a client says about itself, and how `/rtc/v1` takes a join request. */

import { encodeBase64Url } from "../platform/base64";
import { encode } from "../protocol/codec";
import { ClientInfo_SDK } from "../protocol/generated/enums";
import { JoinRequest, WrappedJoinRequest } from "../protocol/generated/tables";
import type * as messages from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

/** `clientProtocol` stays 0: it claims RPC v2 (1) and inline data streams (2). */
const CLIENT_INFO: Init<messages.ClientInfo> = {
	sdk: ClientInfo_SDK.ESP32,
	version: "0.1.0",
	protocol: 17,
};

/** The query of `/rtc/v1` and of its `/validate`. */
export function joinQuery(join: Init<messages.JoinRequest>): string {
	const joinRequest = encode(JoinRequest, {
		...join,
		clientInfo: { ...CLIENT_INFO, ...join.clientInfo },
	});
	return `join_request=${encodeBase64Url(encode(WrappedJoinRequest, { joinRequest }))}`;
}
