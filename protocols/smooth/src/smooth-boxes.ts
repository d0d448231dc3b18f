import { concat, putU32be, putU64be, u32be } from "@millrace/bytes";
import { type Box, readBoxHeader } from "@millrace/isobmff";

/** TfxdBox (MS-SSTR §2.2.4.4): when this fragment begins and how long it lasts. */
const TFXD = Uint8Array.of(
  0x6d,
  0x1d,
  0x9b,
  0x05,
  0x42,
  0xd5,
  0x44,
  0xe6,
  0x80,
  0xe2,
  0x14,
  0x1d,
  0xaf,
  0xf7,
  0x57,
  0xb2,
);
/** TfrfBox (MS-SSTR §2.2.4.5): the same of those that follow. */
const TFRF = Uint8Array.of(
  0xd4,
  0x80,
  0x7e,
  0xf2,
  0xca,
  0x39,
  0x46,
  0x95,
  0x8e,
  0x54,
  0x26,
  0xcb,
  0x9e,
  0x46,
  0xa7,
  0x9f,
);
/** Size, type, user type, version and flags. */
const HEAD_BYTES = 28;
const PAIR_BYTES = 16;

/** In the timescale of the manifest. */
export interface FragmentTime {
  readonly startTicks: number;
  readonly durationTicks: number;
}

export function tfxdBox(time: FragmentTime): Uint8Array {
  const box = uuidBox(TFXD, PAIR_BYTES);
  putTime(box, HEAD_BYTES, time);
  return box;
}

/** At most 255. */
export function tfrfBox(times: readonly FragmentTime[]): Uint8Array {
  const box = uuidBox(TFRF, 1 + times.length * PAIR_BYTES);
  box[HEAD_BYTES] = times.length;
  times.forEach((time, i) => {
    putTime(box, HEAD_BYTES + 1 + i * PAIR_BYTES, time);
  });
  return box;
}

function uuidBox(userType: Uint8Array, payloadBytes: number): Uint8Array {
  const box = new Uint8Array(HEAD_BYTES + payloadBytes);
  putU32be(box, 0, box.length);
  box.set([0x75, 0x75, 0x69, 0x64], 4);
  box.set(userType, 8);
  // Version 1: 64 bits.
  box[24] = 1;
  return box;
}

function putTime(box: Uint8Array, at: number, { startTicks, durationTicks }: FragmentTime): void {
  putU64be(box, at, startTicks);
  putU64be(box, at + 8, durationTicks);
}

/** Puts boxes at the end of the only track fragment of a head that begins with its moof box. */
export function addToTrackFragment(head: Uint8Array, boxes: readonly Uint8Array[]): Uint8Array {
  const moof = boxAt(head, 0);
  const traf = find(head, moof, "traf");
  const trun = find(head, traf, "trun");
  const added = concat(boxes);
  const whole = concat([head.subarray(0, traf.end), added, head.subarray(traf.end)]);
  for (const box of [moof, traf]) putU32be(whole, box.at, box.end - box.at + added.length);
  // The data follow so much later; data_offset stands behind version, flags and sample_count (ISO/IEC 14496-12 §8.8.8).
  const offsetAt = trun.start + 8;
  putU32be(whole, offsetAt, u32be(whole, offsetAt) + added.length);
  return whole;
}

function find(bytes: Uint8Array, { start, end }: Box, type: string): Box {
  for (let at = start; at < end; ) {
    const box = boxAt(bytes, at);
    if (box.type === type) return box;
    at = box.end;
  }
  throw new RangeError(`no ${type}`);
}

function boxAt(bytes: Uint8Array, at: number): Box {
  const box = readBoxHeader(bytes, at);
  if (box === undefined) throw new RangeError(`no box at ${at}`);
  return box;
}
