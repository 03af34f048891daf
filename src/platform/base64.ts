import Base64 from "base64";

/** RFC 4648 section 5: for URLs, with padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
	return Base64.encode(bytes).replaceAll("+", "-").replaceAll("/", "_");
}
