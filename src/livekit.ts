/** The bare name `livekit`; the module itself lives at `livekit/index` so that its relative imports resolve. */
export * from "livekit/index";
