/** Parts of the handshake packets C1, S1 and C2, S2 (RTMP 1.0 §5.2.3, §5.2.4). */
export const HANDSHAKE_BYTES = 1536;
export const DIGEST_BYTES = 32;

/** HMAC-SHA256 of the parts one after the other: 32 bytes. */
export type Hmac = (key: Uint8Array, ...parts: Uint8Array[]) => Uint8Array;

/** Where the four bytes lie that say where the digest lies, by scheme, and where that count begins. */
const POINTERS = [772, 8] as const;
const POSITIONS = 728;

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

// What Flash Player and Flash Media Server call themselves, and 32 bytes that both append for the second digest.
const PLAYER_NAME = ascii("Genuine Adobe Flash Player 001");
const SERVER_NAME = ascii("Genuine Adobe Flash Media Server 001");
const COMMON = Uint8Array.of(
  ...[0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57],
  ...[0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae],
);

function withCommon(name: Uint8Array): Uint8Array {
  const key = new Uint8Array(name.length + COMMON.length);
  key.set(name);
  key.set(COMMON, name.length);
  return key;
}

export type Side = "client" | "server";
const KEYS: Readonly<Record<Side, { readonly first: Uint8Array; readonly second: Uint8Array }>> = {
  client: { first: PLAYER_NAME, second: withCommon(PLAYER_NAME) },
  server: { first: SERVER_NAME, second: withCommon(SERVER_NAME) },
};

function digestPosition(packet: Uint8Array, scheme: 0 | 1): number {
  const at = POINTERS[scheme];
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += packet[at + i] as number;
  return at + 4 + (sum % POSITIONS);
}

function firstDigest(packet: Uint8Array, position: number, side: Side, hmac: Hmac): Uint8Array {
  const rest = packet.subarray(position + DIGEST_BYTES, HANDSHAKE_BYTES);
  return hmac(KEYS[side].first, packet.subarray(0, position), rest);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}

export interface FoundDigest {
  readonly scheme: 0 | 1;
  readonly digest: Uint8Array;
}

/** The digest in a C1 or S1 of `side`, if there is a true one. */
export function findDigest(packet: Uint8Array, side: Side, hmac: Hmac): FoundDigest | undefined {
  for (const scheme of [0, 1] as const) {
    const position = digestPosition(packet, scheme);
    const digest = packet.slice(position, position + DIGEST_BYTES);
    if (sameBytes(firstDigest(packet, position, side, hmac), digest)) return { scheme, digest };
  }
  return undefined;
}

/** Puts the digest into a C1 or S1; returns it. */
export function sign(packet: Uint8Array, side: Side, scheme: 0 | 1, hmac: Hmac): Uint8Array {
  const position = digestPosition(packet, scheme);
  const digest = firstDigest(packet, position, side, hmac);
  packet.set(digest, position);
  return digest;
}

/** Puts into the end of a C2 or S2 of `side` the digest that answers the other side's `digest`. */
export function signAnswer(packet: Uint8Array, side: Side, digest: Uint8Array, hmac: Hmac): void {
  const end = HANDSHAKE_BYTES - DIGEST_BYTES;
  packet.set(hmac(hmac(KEYS[side].second, digest), packet.subarray(0, end)), end);
}

/** Whether a C2 or S2 of `side` answers `digest`. */
export function isSignedAnswer(packet: Uint8Array, side: Side, digest: Uint8Array, hmac: Hmac): boolean {
  const expected = packet.slice(0, HANDSHAKE_BYTES);
  signAnswer(expected, side, digest, hmac);
  return sameBytes(expected, packet);
}
