/** What an app gives a Room, and connect(). */

import type { Microphone, Speaker } from "webrtc-native/device";
import type { StreamLimits } from "../data/streams/types";
import type { RTCConfiguration } from "../session/iceServers";
import type { ReconnectPolicy } from "../session/ReconnectPolicy";
import type { SignalOptions } from "../signal/types";
import type { Track } from "./Track";

export interface RoomOptions extends StreamLimits {
	/** Opens the microphone; called when it is first enabled. The room closes it. */
	microphone?: () => Microphone;
	/** Opens the speaker; called at connect(). The room closes it. Without one, tracks do not play. */
	speaker?: () => Speaker;
	/** The board, for messages: "the NAME has no camera". */
	board?: { readonly name: string };
	/** For tracks that are published without options of their own. */
	publishDefaults?: TrackPublishDefaults;
	/** Close a track's microphone when it is unpublished; true by default. */
	stopLocalTrackOnUnpublish?: boolean;
	/** So many others are kept in full, 32 by default; of those beyond only identity and sid are. */
	maxParticipants?: number;
	/**
	 * Largest message from the server in bytes; larger ones are dropped and counted. By default
	 * the memory profile's: 65,536 in the simulator, 32,768 with PSRAM, 5,120 without.
	 */
	maxSignalBytes?: number;
	/**
	 * Largest data packet from others in bytes; larger ones are refused in native code and counted
	 * (`sctpRefused`). By default the memory profile's: 65,535 in the simulator, 16,000 with PSRAM, 4,000
	 * without. Three times as much native memory is taken for buffers, and
	 * packets of ours can be a quarter larger, up to 64,000 bytes.
	 */
	maxDataBytes?: number;
	/**
	 * When to try again after the connection was lost. By default fourteen tries in about a minute:
	 * DefaultReconnectPolicy. A device that nobody attends may want to go on for ever.
	 */
	reconnectPolicy?: ReconnectPolicy;
	/**
	 * One peer connection for both ways: faster to join and half the memory. True by default; with a
	 * server that does not know that (before 1.9) two are made by themselves.
	 */
	singlePeerConnection?: boolean;
	/**
	 * Whether the server of that name tells of regions at /settings/regions; those of LiveKit Cloud by
	 * default. When it cannot be joined, the others are tried, nearest first.
	 */
	hasRegions?: (host: string) => boolean;
	/** For wss: private trust anchors, or no verification. */
	tls?: SignalOptions["tls"];
}

export interface TrackPublishDefaults {
	/** Do not send silence; false by default: agents rather hear it. */
	dtx?: boolean;
	/** Opus at most at this many bits a second, 6,000 to 128,000; 24,000 by default. */
	audioPreset?: { maxBitrate: number };
}

export interface TrackPublishOptions extends TrackPublishDefaults {
	/** "microphone" for a microphone, "" else. */
	name?: string;
	source?: Track.Source;
}

export interface CreateLocalTracksOptions {
	/** The board's microphone. */
	audio?: boolean;
	/** Not on a device: UnsupportedError. */
	video?: boolean;
}

/** Who may subscribe to which tracks of ours. */
export interface ParticipantTrackPermission {
	/** This, or the sid. */
	participantIdentity?: string;
	participantSid?: string;
	/** All tracks. */
	allowAll?: boolean;
	/** These tracks; none when empty. */
	allowedTrackSids?: readonly string[];
}

export interface RoomConnectOptions {
	/** Subscribe to all tracks; true by default. */
	autoSubscribe?: boolean;
	/** Milliseconds until the WebSocket must be open; 15,000 by default. */
	websocketTimeout?: number;
	/** Milliseconds from joining until media and data must be up; 15,000 by default. */
	peerConnectionTimeout?: number;
	/**
	 * `iceServers`: STUN and TURN servers instead of those that the server names; `iceTransportPolicy`:
	 * "relay" when media may go by TURN servers only.
	 */
	rtcConfig?: RTCConfiguration;
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
