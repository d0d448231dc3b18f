import { concat, putU16be, putU32be, u16be, u32be } from "@millrace/bytes";
import { WireViolation } from "./violation.ts";
import { parseWordText, serializeWordText } from "./word-text.ts";

/** Flags of HSREQ and HSRSP (draft-sharabayko-srt §3.2.1.1.1). */
export const FLAG_TSBPDSND = 1;
export const FLAG_TSBPDRCV = 2;
export const FLAG_CRYPT = 4;
export const FLAG_TLPKTDROP = 8;
export const FLAG_PERIODICNAK = 0x10;
export const FLAG_REXMITFLG = 0x20;
export const FLAG_STREAM = 0x40;
export const FLAG_PACKET_FILTER = 0x80;

/** Types of extensions, and subtypes of `CONTROL_USER`. */
export const EXTENSION_HSREQ = 1;
export const EXTENSION_HSRSP = 2;
export const EXTENSION_KMREQ = 3;
export const EXTENSION_KMRSP = 4;
export const EXTENSION_SID = 5;
export const EXTENSION_CONGESTION = 6;
export const EXTENSION_FILTER = 7;
export const EXTENSION_GROUP = 8;

/** Bits of the handshake's extension field: which extensions are there. CONFIG is everything from SID on. */
export const EXTENSION_FIELD_HSREQ = 1;
export const EXTENSION_FIELD_KMREQ = 2;
export const EXTENSION_FIELD_CONFIG = 4;

/** Most bytes of a stream ID (draft-sharabayko-srt §3.2.1.3), and of any other text that is taken from a peer. */
export const MAX_TEXT_BYTES = 512;

const BLOCK_HEADER_BYTES = 4;
const HS_BYTES = 12;
const GROUP_BYTES = 8;
/** Libsrt sends at most five. */
const MAX_EXTENSIONS = 32;

/** One block behind the handshake. Byte arrays are copies. */
export type HandshakeExtension =
  | {
      readonly kind: "hsreq" | "hsrsp";
      /** major × 0x10000 + minor × 0x100 + patch. */
      readonly srtVersion: number;
      /** `FLAG_*`. */
      readonly flags: number;
      readonly receiverDelayMs: number;
      readonly senderDelayMs: number;
    }
  /** A key material message, or a status of 4 bytes; whole words. */
  | { readonly kind: "kmreq" | "kmrsp"; readonly bytes: Uint8Array }
  /** At most `MAX_TEXT_BYTES` of UTF-8. */
  | { readonly kind: "streamid" | "congestion" | "filter"; readonly text: string }
  | {
      readonly kind: "group";
      readonly command: "group";
      /** Of the group on the sender's side. */
      readonly id: number;
      /** 1 broadcast, 2 backup. */
      readonly type: number;
      readonly flags: number;
      readonly weight: number;
    }
  /** Whole words. */
  | { readonly kind: "unknown"; readonly type: number; readonly bytes: Uint8Array };

/** Reads the blocks in `body[start..)`, in their order; duplicates are kept. Throws `WireViolation`. */
export function parseExtensions(body: Uint8Array, start: number): HandshakeExtension[] {
  const extensions: HandshakeExtension[] = [];
  let at = start;
  while (at < body.length) {
    if (at + BLOCK_HEADER_BYTES > body.length) throw truncated("the header of an extension");
    if (extensions.length === MAX_EXTENSIONS) {
      throw new WireViolation(
        "srt.too-many-extensions",
        `more than ${MAX_EXTENSIONS} extensions in a handshake`,
      );
    }
    const type = u16be(body, at);
    const from = at + BLOCK_HEADER_BYTES;
    at = from + 4 * u16be(body, at + 2);
    if (at > body.length) throw truncated(`extension ${type}`);
    extensions.push(parseExtension(type, body.subarray(from, at)));
  }
  return extensions;
}

/** The blocks one after the other. Throws `srt.bad-length` for a text that is too long. */
export function serializeExtensions(extensions: readonly HandshakeExtension[]): Uint8Array {
  return concat(extensions.map(serializeExtension));
}

/** One block's contents, or those of a `CONTROL_USER` packet of this subtype, as HSv4 peers send them. */
export function parseExtension(type: number, contents: Uint8Array): HandshakeExtension {
  switch (type) {
    case EXTENSION_HSREQ:
      return parseHs("hsreq", contents);
    case EXTENSION_HSRSP:
      return parseHs("hsrsp", contents);
    case EXTENSION_KMREQ:
      return { kind: "kmreq", bytes: new Uint8Array(contents) };
    case EXTENSION_KMRSP:
      return { kind: "kmrsp", bytes: new Uint8Array(contents) };
    case EXTENSION_SID:
      return { kind: "streamid", text: parseWordText(contents, MAX_TEXT_BYTES) };
    case EXTENSION_CONGESTION:
      return { kind: "congestion", text: parseWordText(contents, MAX_TEXT_BYTES) };
    case EXTENSION_FILTER:
      return { kind: "filter", text: parseWordText(contents, MAX_TEXT_BYTES) };
    case EXTENSION_GROUP:
      return parseGroup(contents);
    default:
      return { kind: "unknown", type, bytes: new Uint8Array(contents) };
  }
}

function parseHs(kind: "hsreq" | "hsrsp", contents: Uint8Array): HandshakeExtension {
  if (contents.length < HS_BYTES) throw truncated(kind);
  return {
    kind,
    srtVersion: u32be(contents, 0),
    flags: u32be(contents, 4),
    receiverDelayMs: u16be(contents, 8),
    senderDelayMs: u16be(contents, 10),
  };
}

function parseGroup(contents: Uint8Array): HandshakeExtension {
  if (contents.length < GROUP_BYTES) throw truncated("group");
  return {
    kind: "group",
    command: "group",
    id: u32be(contents, 0),
    type: contents[4] as number,
    flags: contents[5] as number,
    weight: u16be(contents, 6),
  };
}

function serializeExtension(extension: HandshakeExtension): Uint8Array {
  switch (extension.kind) {
    case "hsreq":
    case "hsrsp": {
      const contents = new Uint8Array(HS_BYTES);
      putU32be(contents, 0, extension.srtVersion);
      putU32be(contents, 4, extension.flags);
      putU16be(contents, 8, extension.receiverDelayMs);
      putU16be(contents, 10, extension.senderDelayMs);
      return block(extension.kind === "hsreq" ? EXTENSION_HSREQ : EXTENSION_HSRSP, contents);
    }
    case "kmreq":
      return block(EXTENSION_KMREQ, extension.bytes);
    case "kmrsp":
      return block(EXTENSION_KMRSP, extension.bytes);
    case "streamid":
      return block(EXTENSION_SID, serializeWordText(extension.text, MAX_TEXT_BYTES));
    case "congestion":
      return block(EXTENSION_CONGESTION, serializeWordText(extension.text, MAX_TEXT_BYTES));
    case "filter":
      return block(EXTENSION_FILTER, serializeWordText(extension.text, MAX_TEXT_BYTES));
    case "group": {
      const contents = new Uint8Array(GROUP_BYTES);
      putU32be(contents, 0, extension.id);
      contents[4] = extension.type;
      contents[5] = extension.flags;
      putU16be(contents, 6, extension.weight);
      return block(EXTENSION_GROUP, contents);
    }
    case "unknown":
      return block(extension.type, extension.bytes);
  }
}

function block(type: number, contents: Uint8Array): Uint8Array {
  const words = (contents.length + 3) >> 2;
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + 4 * words);
  putU16be(bytes, 0, type);
  putU16be(bytes, 2, words);
  bytes.set(contents, BLOCK_HEADER_BYTES);
  return bytes;
}

function truncated(what: string): WireViolation {
  return new WireViolation("srt.truncated", `the handshake ends in the middle of ${what}`);
}
