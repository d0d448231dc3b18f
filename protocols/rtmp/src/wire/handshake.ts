import { putU32be, u32be } from "@millrace/bytes";
import {
  findDigest,
  HANDSHAKE_BYTES,
  type Hmac,
  isSignedAnswer,
  sign,
  signAnswer,
} from "./handshake-digest.ts";
import { WireViolation } from "./violation.ts";

/** The first byte of a connection, from either side (RTMP 1.0 §5.2.2). */
export const RTMP_VERSION = 3;
const VERSION_ENCRYPTED = 6;
/** Versions that C1 and S1 state when they carry a digest: those of a Flash Player and a Flash Media Server that did. */
const PLAYER_VERSION = 0x80000702;
const SERVER_VERSION = 0x04050001;

export interface HandshakeParts {
  readonly send: (bytes: Uint8Array) => void;
  /** So many random bytes. */
  readonly random: (count: number) => Uint8Array;
  readonly hmac: Hmac;
  /** Milliseconds of any clock. */
  readonly timeMs: number;
}

/** Takes in a fixed number of bytes in pieces of any size. */
class Collector {
  readonly bytes: Uint8Array;
  #filled = 0;

  constructor(count: number) {
    this.bytes = new Uint8Array(count);
  }

  get started(): boolean {
    return this.#filled > 0;
  }

  get full(): boolean {
    return this.#filled === this.bytes.length;
  }

  /** Index behind what was taken of `bytes`. */
  take(bytes: Uint8Array, at: number): number {
    const count = Math.min(bytes.length - at, this.bytes.length - this.#filled);
    this.bytes.set(bytes.subarray(at, at + count), this.#filled);
    this.#filled += count;
    return at + count;
  }
}

function checkVersion(version: number): void {
  if (version === RTMP_VERSION) return;
  if (version === VERSION_ENCRYPTED) throw new WireViolation("rtmp.encrypted", "RTMPE is not supported");
  throw new WireViolation("rtmp.bad-version", `RTMP version ${version}`);
}

/** C1 or S1. A version of 0 says that there is no digest in it. */
function firstPacket(parts: HandshakeParts, version: number): Uint8Array {
  const packet = new Uint8Array(HANDSHAKE_BYTES);
  packet.set(parts.random(HANDSHAKE_BYTES - 8), 8);
  putU32be(packet, 0, parts.timeMs >>> 0);
  putU32be(packet, 4, version >>> 0);
  return packet;
}

/** C2 or S2 of the simple handshake: the peer's packet, and when it was read (RTMP 1.0 §5.2.4). */
function echo(packet: Uint8Array, timeMs: number): Uint8Array {
  const answer = packet.slice(0, HANDSHAKE_BYTES);
  putU32be(answer, 4, timeMs >>> 0);
  return answer;
}

/**
 * The side that accepts: C0 C1, then S0 S1 S2, then C2 (RTMP 1.0 §5.2). A client that puts a digest into C1 gets
 * digests back, as Flash Player and encoders of its time refuse H.264 without. Throws `WireViolation`.
 */
export class ServerHandshake {
  /** The client's packet had a digest of this scheme. */
  scheme: 0 | 1 | undefined;
  readonly #parts: HandshakeParts;
  readonly #first = new Collector(1 + HANDSHAKE_BYTES);
  readonly #second = new Collector(HANDSHAKE_BYTES);
  #answered = false;
  #versionSeen = false;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  get done(): boolean {
    return this.#second.full;
  }

  /** Index behind what belongs to the handshake in `bytes`. */
  push(bytes: Uint8Array, at = 0): number {
    at = this.#first.take(bytes, at);
    if (!this.#versionSeen && this.#first.started) {
      this.#versionSeen = true;
      checkVersion(this.#first.bytes[0] as number);
    }
    if (!this.#first.full) return at;
    if (!this.#answered) {
      this.#answered = true;
      this.#answer(this.#first.bytes.subarray(1));
    }
    // What C2 says is not looked at: many clients send anything in it.
    return this.#second.take(bytes, at);
  }

  #answer(c1: Uint8Array): void {
    const parts = this.#parts;
    const found = u32be(c1, 4) === 0 ? undefined : findDigest(c1, "client", parts.hmac);
    const s1 = firstPacket(parts, found === undefined ? 0 : SERVER_VERSION);
    let s2: Uint8Array;
    if (found === undefined) {
      s2 = echo(c1, parts.timeMs);
    } else {
      this.scheme = found.scheme;
      sign(s1, "server", found.scheme, parts.hmac);
      s2 = parts.random(HANDSHAKE_BYTES).slice();
      signAnswer(s2, "server", found.digest, parts.hmac);
    }
    const answer = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
    answer[0] = RTMP_VERSION;
    answer.set(s1, 1);
    answer.set(s2, 1 + HANDSHAKE_BYTES);
    parts.send(answer);
  }
}

/** The side that calls: sends C0 C1 when it is started, C2 when S1 is there, and is done when S2 is. */
export class ClientHandshake {
  /** The server answered our digest with a true one. */
  verified = false;
  readonly #parts: HandshakeParts;
  readonly #first = new Collector(1 + HANDSHAKE_BYTES);
  readonly #second = new Collector(HANDSHAKE_BYTES);
  #digest: Uint8Array | undefined;
  #answered = false;
  #versionSeen = false;
  #checked = false;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  get done(): boolean {
    return this.#second.full;
  }

  /** `withDigest`: servers that know of none take C1 for one of the simple handshake. */
  start(withDigest = true): void {
    const c1 = firstPacket(this.#parts, withDigest ? PLAYER_VERSION : 0);
    if (withDigest) this.#digest = sign(c1, "client", 1, this.#parts.hmac);
    const hello = new Uint8Array(1 + HANDSHAKE_BYTES);
    hello[0] = RTMP_VERSION;
    hello.set(c1, 1);
    this.#parts.send(hello);
  }

  /** Index behind what belongs to the handshake in `bytes`. */
  push(bytes: Uint8Array, at = 0): number {
    at = this.#first.take(bytes, at);
    if (!this.#versionSeen && this.#first.started) {
      this.#versionSeen = true;
      checkVersion(this.#first.bytes[0] as number);
    }
    if (!this.#first.full) return at;
    if (!this.#answered) {
      this.#answered = true;
      this.#answer(this.#first.bytes.subarray(1));
    }
    at = this.#second.take(bytes, at);
    if (this.#second.full && !this.#checked) {
      this.#checked = true;
      const { hmac } = this.#parts;
      const digest = this.#digest;
      this.verified = digest !== undefined && isSignedAnswer(this.#second.bytes, "server", digest, hmac);
    }
    return at;
  }

  #answer(s1: Uint8Array): void {
    const parts = this.#parts;
    const found =
      this.#digest === undefined || u32be(s1, 4) === 0 ? undefined : findDigest(s1, "server", parts.hmac);
    if (found === undefined) {
      parts.send(echo(s1, parts.timeMs));
      return;
    }
    const c2 = parts.random(HANDSHAKE_BYTES).slice();
    signAnswer(c2, "client", found.digest, parts.hmac);
    parts.send(c2);
  }
}
