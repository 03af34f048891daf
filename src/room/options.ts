/** What an app gives a Room, and connect(). */

import type { Microphone, Speaker } from "webrtc-native/device";
import type { StreamLimits } from "../data/streams/types";
import type { SignalOptions } from "../signal/SignalClient";

export interface RoomOptions extends StreamLimits {
	/** Opens the microphone; called when it is first enabled. The room closes it. */
	microphone?: () => Microphone;
	/** Opens the speaker; called at connect(). The room closes it. Without one, tracks do not play. */
	speaker?: () => Speaker;
	/** Largest message from the server in bytes; larger ones are dropped and counted. 65,536 by default. */
	maxSignalBytes?: number;
	/**
	 * Largest data packet from others in bytes; larger ones are refused in native code and counted
	 * (`sctpRefused`). 65,535 by default. Five times as much native memory is taken for buffers, and
	 * packets of ours can be twice as large, up to 64,000 bytes.
	 */
	maxDataBytes?: number;
	/** For wss: private trust anchors, or no verification. */
	tls?: SignalOptions["tls"];
}

export interface RoomConnectOptions {
	/** Subscribe to all tracks; true by default. */
	autoSubscribe?: boolean;
	/** Milliseconds until the WebSocket must be open; 15,000 by default. */
	websocketTimeout?: number;
	/** Milliseconds from joining until media and data must be up; 15,000 by default. */
	peerConnectionTimeout?: number;
}

export interface ObjectPublishOptions {
	/** Arrives, and in order. True by default. */
	reliable?: boolean;
	/** Who gets it; everybody when absent or empty. */
	destinationIdentities?: readonly string[];
	topic?: string;
}

export interface DataPublishOptions {
	/** Arrives, and in order. False by default: then it may be lost, and comes without waiting. */
	reliable?: boolean;
	/** Who gets it; everybody when absent or empty. */
	destinationIdentities?: readonly string[];
	topic?: string;
}
