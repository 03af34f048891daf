import board from "board";
import { Room, RoomEvent } from "livekit";
import config from "mc/config";

const room = new Room({ microphone: board.microphone, speaker: board.speaker });

room.on(RoomEvent.TrackSubscribed, (_track, _publication, participant) => {
	trace(`hearing ${participant.identity}\n`);
});
room.on(RoomEvent.Disconnected, (reason) => trace(`disconnected, reason ${reason}\n`));

// Enabled before connect(), the microphone is published with the join itself.
room.localParticipant.setMicrophoneEnabled(true);
await room.connect(config.url, config.token);
trace(`connected to ${room.name} as ${room.localParticipant.identity}\n`);
