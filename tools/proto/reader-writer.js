/** The entry of the bundle that tools/proto/runtime.mjs makes. */
import Reader from "protobufjs/src/reader";
import Writer from "protobufjs/src/writer";

// int64 accessors are made here, for numbers because there is no Long. The argument would be the
// variant for Node's Buffer.
Reader._configure({ _configure() {} });

export { Reader, Writer };
