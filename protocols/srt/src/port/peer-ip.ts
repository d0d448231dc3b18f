import { isIPv4, isIPv6 } from "node:net";

const MAPPED = "::ffff:";
/** The last 32 bits of an IPv6 address may be written as those of IPv4 (RFC 4291 §2.2). */
const DOTTED = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/;

/** `::ffff:192.0.2.1`, as sockets for both families show IPv4 peers, in its plain form. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED) && isIPv4(address.slice(MAPPED.length))
    ? address.slice(MAPPED.length)
    : address;
}

/** The 16 bytes of the "peer IP address" of a handshake: 32-bit words in little-endian order (draft-sharabayko-srt §3.2.1). */
export function peerIpOf(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const plain = plainAddress(address);
  if (isIPv4(plain)) {
    const parts = plain.split(".");
    for (let i = 0; i < 4; i++) bytes[3 - i] = Number(parts[i]);
    return bytes;
  }
  if (!isIPv6(plain)) return bytes;
  const [left = "", right] = plain.replace(/%.*$/, "").replace(DOTTED, asGroups).split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const groups = [
    ...head,
    ...new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0"),
    ...tail,
  ];
  groups.forEach((group, i) => {
    const value = Number.parseInt(group, 16) || 0;
    const word = (i >> 1) * 4;
    const at = i % 2 === 0 ? word + 3 : word + 1;
    bytes[at] = value >> 8;
    bytes[at - 1] = value & 0xff;
  });
  return bytes;
}

function asGroups(_dotted: string, ...parts: readonly string[]): string {
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
