/** The layers of the house: imports go down only. `npm run check` enforces them. */

const above = {
	session: "room|data|audio|agent",
	audio: "room|data|agent|session|signal|protocol",
	signal: "room|data|audio|agent|session",
	protocol: "room|data|audio|agent|session|signal",
	platform: "room|data|audio|agent|session|signal|protocol",
};

const noneAbove = Object.entries(above).map(([layer, layers]) => ({
	name: `${layer}-is-below-${layers.replaceAll("|", "-")}`,
	severity: "error",
	from: { path: `^src/${layer}/` },
	to: { path: `^src/(${layers}|index|livekit)(/|\\.)` },
}));

/** Types may be named anywhere; calls go through the door. */
const door = (name, file, users, comment) => ({
	name,
	comment,
	severity: "error",
	from: { path: "^(src|examples)/", pathNot: `^src/(${users})/` },
	to: { path: `^modules/webrtc-native/${file}\\.ts$`, dependencyTypesNot: ["type-only"] },
});

module.exports = {
	forbidden: [
		...noneAbove,
		door("stream-door", "stream", "signal", "native streams are for signal"),
		door("webrtc-door", "webrtc", "session", "native media is for session"),
		door(
			"device-door",
			"device",
			"platform|audio",
			"native devices are for boards, platform and what is fed",
		),
		{
			name: "native-faces-know-nobody",
			severity: "error",
			from: { path: "^modules/" },
			to: { path: "^(src|boards|examples)/" },
		},
		{
			name: "apps-use-the-public-api",
			severity: "error",
			from: { path: "^examples/" },
			to: { path: "^src/", pathNot: "^src/(index|livekit)\\.ts$" },
		},
		{
			name: "no-cycles",
			comment: "types may refer to each other; modules are loaded one after another",
			severity: "error",
			from: {},
			to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
		},
		{
			name: "library-does-not-know-apps-or-boards",
			severity: "error",
			from: { path: "^src/" },
			to: { path: "^(boards|examples|test|tools)/" },
		},
	],
	options: {
		tsConfig: { fileName: "tsconfig.json" },
		tsPreCompilationDeps: true,
		doNotFollow: { path: "node_modules" },
	},
};
