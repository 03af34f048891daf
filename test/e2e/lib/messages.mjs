/** Messages that many tests send by the thousand. */

const small = [1, 2, 100, 1_000, 1_100, 1_200, 5_000];

/**
 * Bytes: small ones, and now and then 16 kB or 60 kB. Large ones only would take minutes where packets
 * are lost. @param {number} number
 */
export function sizeOf(number) {
	if (number % 40 === 39) return 60_000;
	return number % 40 === 19 ? 16_000 : small[number % small.length];
}

/** Bytes that no other message has; the first four are its number. @param {number} number @param {number} size */
export function message(number, size) {
	const bytes = Buffer.alloc(size);
	for (let i = 0; i < size; i++) bytes[i] = (number * 31 + i * 7 + (i >> 8)) & 255;
	if (size >= 4) bytes.writeUInt32BE(number);
	return bytes;
}
