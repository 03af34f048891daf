/**
 * The answer of livekit-server 1.13.4 to a re-offer with a sendonly and a recvonly section, while one
 * peer publishes audio. Credentials, fingerprint and sids are made up; the rest is as it came.
 */
export const FINGERPRINT =
	"02:DB:93:58:DC:AA:A5:AE:49:81:46:CB:B0:37:CE:7E:2D:84:7E:8F:84:A3:2F:4D:FC:7D:71:E7:D0:69:6B:68";

const transport = (direction: string) => [
	"m=audio 9 UDP/TLS/RTP/SAVPF 111",
	"c=IN IP4 0.0.0.0",
	"a=setup:active",
	`a=mid:${direction === "recvonly" ? 0 : 1}`,
	"a=ice-ufrag:YkGqyatqNFUBrclJ",
	"a=ice-pwd:SNKSvkxJwMeRKPraMKVDqrDXzuyFkboM",
	"a=rtcp-mux",
	"a=rtcp-rsize",
	"a=rtpmap:111 opus/48000/2",
	`a=fmtp:111 minptime=10;useinbandfec=1${direction === "recvonly" ? ";usedtx=1" : ""}`,
	"a=rtcp-fb:111 nack",
];

const session = [
	"v=0",
	"o=- 6655700534246178773 1795253549 IN IP4 0.0.0.0",
	"s=-",
	"t=0 0",
	"a=msid-semantic:WMS *",
	`a=fingerprint:sha-256 ${FINGERPRINT}`,
	"a=extmap-allow-mixed",
	"a=group:BUNDLE 0 1 2",
];

const uplink = [
	...transport("recvonly"),
	"a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid",
	"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
	"a=recvonly",
];

/** Behind the audio sections; the answer's own order of lines. */
const data = [
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
	"c=IN IP4 0.0.0.0",
	"a=setup:active",
	"a=mid:2",
	"a=sendrecv",
	"a=sctp-port:5000",
	"a=max-message-size:65536",
	"a=ice-ufrag:YkGqyatqNFUBrclJ",
	"a=ice-pwd:SNKSvkxJwMeRKPraMKVDqrDXzuyFkboM",
];

const candidates = [
	"a=candidate:375738803 1 tcp 1671430143 127.0.0.1 7891 typ host tcptype passive ufrag YkGqyatqNFUBrclJ",
	"a=candidate:375738803 2 tcp 1671430143 127.0.0.1 7891 typ host tcptype passive ufrag YkGqyatqNFUBrclJ",
	"a=candidate:3932658255 1 udp 2130706431 fd00::2 7892 typ host ufrag YkGqyatqNFUBrclJ",
	"a=candidate:3932658255 2 udp 2130706431 fd00::2 7892 typ host ufrag YkGqyatqNFUBrclJ",
	"a=candidate:2878742611 1 udp 2130706431 127.0.0.1 7892 typ host ufrag YkGqyatqNFUBrclJ",
	"a=candidate:2878742611 2 udp 2130706431 127.0.0.1 7892 typ host ufrag YkGqyatqNFUBrclJ",
	"a=end-of-candidates",
];

const waiting = [
	...transport("sendonly"),
	"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
	"a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid",
];

const track = (sid: string, ssrc: number) => [
	`a=ssrc:${ssrc} cname:PA_peer|${sid}`,
	`a=ssrc:${ssrc} msid:PA_peer|${sid} ${sid}`,
	`a=ssrc:${ssrc} mslabel:PA_peer|${sid}`,
	`a=ssrc:${ssrc} label:${sid}`,
	`a=msid:PA_peer|${sid} ${sid}`,
];

const text = (...parts: string[][]) => `${parts.flat().join("\r\n")}\r\n`;

/** The first answer while nobody publishes; candidates trickle behind it. */
export const first = text(session, uplink, waiting, ["a=sendonly"], data);

/** With candidates, and a track in the second section. */
export const withTrack = (sid = "TR_voice", ssrc = 2018590473) =>
	text(session, uplink, candidates, waiting, track(sid, ssrc), ["a=sendonly"], data);

/** After the track is gone. */
export const inactive = text(session, uplink, candidates, waiting, ["a=inactive"], data);

/** What the server offers of its own accord where there are two peer connections, by what it sends. */
export function offered(
	{ audio = [], video }: { audio?: [sid: string, ssrc: number][]; video?: string },
	ufrag = "serverufrag1",
): string {
	const own = [
		"a=setup:actpass",
		`a=ice-ufrag:${ufrag}`,
		"a=ice-pwd:SNKSvkxJwMeRKPraMKVDqrDXzuyFkboM",
	];
	const data = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0"];
	const media = audio.map(([sid, ssrc], i) => [
		"m=audio 9 UDP/TLS/RTP/SAVPF 109 63",
		"c=IN IP4 0.0.0.0",
		...own,
		`a=mid:${i + 1}`,
		"a=rtpmap:109 opus/48000/2",
		"a=fmtp:109 minptime=10;useinbandfec=1",
		"a=rtpmap:63 red/48000/2",
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
		...(sid ? [...track(sid, ssrc), "a=sendonly"] : ["a=inactive"]),
	]);
	const picture = [
		"m=video 9 UDP/TLS/RTP/SAVPF 96",
		"c=IN IP4 0.0.0.0",
		...own,
		"a=mid:9",
		"a=rtpmap:96 VP8/90000",
		...track(video ?? "", 4),
		"a=sendonly",
	];
	return text(session, [...data, ...own, "a=sctp-port:5000"], ...media, video ? picture : []);
}

/** The answer to an offer of data alone. */
export const dataOnly = text(
	session,
	data.map((line) => line.replace("a=mid:2", "a=mid:0")),
);
