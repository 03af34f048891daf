/** What a server that resumes us is told of our subscriptions and of the data we have. */

import type { DataPackets } from "../data/DataPackets";
import type { SyncState } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { Participants } from "./Participants";

/** With autosubscribe the exceptions are what we do not want; without, what we do. */
export function syncState(
	this: unknown,
	participants: Participants,
	packets: DataPackets,
	autoSubscribe: boolean,
): Init<SyncState> {
	const trackSids: string[] = [];
	const trackSidsDisabled: string[] = [];
	participants.remote.forEach((participant) => {
		participant.trackPublications.forEach(({ trackSid, isDesired, isEnabled }) => {
			if (isDesired !== autoSubscribe) trackSids.push(trackSid);
			if (!isEnabled) trackSidsDisabled.push(trackSid);
		});
	});
	return {
		subscription: { trackSids, subscribe: !autoSubscribe },
		trackSidsDisabled,
		datachannelReceiveStates: packets.receiveStates,
	};
}
