/** Text and byte streams, for all that is outside of this folder. */

export { IncomingStreams, type StreamStats, type StreamsHost } from "./IncomingStreams";
export { OutgoingStreams } from "./OutgoingStreams";
export {
	type ByteStreamHandler,
	ByteStreamReader,
	type TextStreamHandler,
	TextStreamReader,
} from "./StreamReader";
export { ByteStreamWriter, TextStreamWriter } from "./StreamWriter";
