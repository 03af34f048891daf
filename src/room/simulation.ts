/** Room.simulateScenario(): what a server in development can be asked to do to us. */

import type { SimulateScenario } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

export type SimulationScenario =
	/** It says that we speak, for 3 s. */
	| "speaker"
	/** It drops us, and we are told nothing. */
	| "node-failure"
	/** It sends us Leave. */
	| "server-leave"
	/** It asks us to move to another node. */
	| "migration"
	/** It asks us to leave and come back; livekit-server 1.13 does not. */
	| "leave-full-reconnect"
	/** It breaks the next resume's connection right behind its answer, or before that. */
	| "disconnect-signal-on-resume"
	| "disconnect-signal-on-resume-no-messages"
	/** It sends us at most as many bits a second as the argument says; 0: all. */
	| "subscriber-bandwidth";

/** Throws TypeError for a scenario that it does not know. */
export function simulation(
	this: unknown,
	scenario: SimulationScenario,
	argument = 0,
): Init<SimulateScenario> {
	switch (scenario) {
		case "speaker":
			return { speakerUpdate: 3 };
		case "node-failure":
			return { nodeFailure: true };
		case "server-leave":
			return { serverLeave: true };
		case "migration":
			return { migration: true };
		case "leave-full-reconnect":
			return { leaveRequestFullReconnect: true };
		case "disconnect-signal-on-resume":
			return { disconnectSignalOnResume: true };
		case "disconnect-signal-on-resume-no-messages":
			return { disconnectSignalOnResumeNoMessages: true };
		case "subscriber-bandwidth":
			return { subscriberBandwidth: argument };
		default:
			throw new TypeError(`no such scenario: ${scenario}`);
	}
}
