import { AccessToken } from "livekit-server-sdk";

/**
 * A token to join `room` as `identity`.
 * @param {{ key: string, secret: string }} server
 * @param {{ room: string, identity: string, ttl?: number, agent?: boolean, canPublish?: boolean,
 *   canPublishData?: boolean, canUpdateOwnMetadata?: boolean, hidden?: boolean,
 *   recorder?: boolean }} options `ttl` in seconds, one hour by default; `agent` joins as a participant of
 *   the kind AGENT; a room with a `recorder` in it is one that is recorded
 */
export function joinToken(
	{ key, secret },
	{ room, identity, ttl = 3600, agent = false, ...grants },
) {
	const token = new AccessToken(key, secret, { identity, ttl });
	const may = { canPublish: true, canPublishData: true, canUpdateOwnMetadata: true, ...grants };
	token.addGrant({ roomJoin: true, room, agent, ...may });
	if (agent) token.kind = "agent";
	return token.toJwt();
}
