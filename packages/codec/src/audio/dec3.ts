import { BitReader, BitWriter } from "@millrace/bytes";
import { AC3_CHANNELS, AC3_SAMPLE_RATES } from "./ac3.ts";
import { countChannels, EAC3_DEPENDENT, emptyEac3Header, parseEac3Frame, readEac3Details } from "./eac3.ts";

/** One independent substream in a dec3 box. */
export interface Dec3Substream {
  readonly fscod: number;
  readonly bsid: number;
  readonly bsmod: number;
  readonly acmod: number;
  readonly lfe: boolean;
  readonly dependents: number;
  /** Places of the dependent substreams' channels (ETSI TS 102 366 Table F.6.1). */
  readonly channelLocation: number;
}

/** What a dec3 box says (ETSI TS 102 366 §F.6, ETSI TS 103 420 §C.3.2). */
export interface Dec3 {
  /** Bits a second. */
  readonly bitrate: number;
  readonly substreams: readonly Dec3Substream[];
  readonly jocComplexity: number;
}

/** chan_loc from chanmap: bits of chanmap (least significant 0) for bits 0 to 8 of chan_loc. */
const LOCATION_BITS: readonly number[] = [10, 9, 8, 7, 6, 5, 4, 3, 1];

/** The payload of a dec3 box for the access unit `unit` (what `parseEac3` cuts out); undefined if it is none. */
export function buildDec3(unit: Uint8Array): Uint8Array | undefined {
  const header = emptyEac3Header();
  const substreams: Dec3Substream[] = [];
  let jocComplexity = 0;
  let bytesPerSecond = 0;
  for (let at = 0; at < unit.length; at += header.frameLength) {
    if (parseEac3Frame(unit, at, header) <= 0) break;
    readEac3Details(unit, at, header);
    bytesPerSecond += (header.frameLength * header.sampleRate) / header.samples;
    jocComplexity = Math.max(jocComplexity, header.jocComplexity);
    if (header.streamType === EAC3_DEPENDENT) addDependent(substreams, header.channelMap);
    else substreams.push({ ...pickSubstream(header), dependents: 0, channelLocation: 0 });
  }
  if (substreams.length === 0 || substreams.length > 8) return undefined;
  return writeDec3({ bitrate: Math.round(8 * bytesPerSecond), substreams, jocComplexity });
}

function pickSubstream(header: {
  fscod: number;
  profile: number;
  bsmod: number;
  acmod: number;
  lfe: boolean;
}): Omit<Dec3Substream, "dependents" | "channelLocation"> {
  const { fscod, bsmod, acmod, lfe } = header;
  return { fscod, bsid: header.profile, bsmod, acmod, lfe };
}

function addDependent(substreams: Dec3Substream[], channelMap: number): void {
  const parent = substreams.pop();
  if (parent === undefined) return;
  let channelLocation = parent.channelLocation;
  LOCATION_BITS.forEach((bit, i) => {
    if ((channelMap >> bit) & 1) channelLocation |= 1 << i;
  });
  substreams.push({ ...parent, dependents: parent.dependents + 1, channelLocation });
}

/** Serializes the payload of a dec3 box. */
export function writeDec3(dec3: Dec3): Uint8Array {
  const writer = new BitWriter(16);
  // data_rate is in kbit/s.
  writer.bits(Math.min(0x1fff, Math.round(dec3.bitrate / 1000)), 13).bits(dec3.substreams.length - 1, 3);
  for (const sub of dec3.substreams) {
    // reserved, asvc 0
    writer.bits(sub.fscod, 2).bits(sub.bsid, 5).bits(0, 2).bits(sub.bsmod, 3).bits(sub.acmod, 3).bit(sub.lfe);
    writer.bits(0, 3).bits(sub.dependents, 4);
    if (sub.dependents > 0) writer.bits(sub.channelLocation, 9);
    else writer.bit(0);
  }
  if (dec3.jocComplexity > 0) writer.align().bits(1, 8).bits(dec3.jocComplexity, 8);
  return writer.toBytes();
}

/** Reads the payload of a dec3 box; undefined when it is short. */
export function parseDec3(bytes: Uint8Array): Dec3 | undefined {
  const reader = new BitReader(bytes);
  const bitrate = 1000 * reader.bits(13);
  const count = reader.bits(3) + 1;
  const substreams: Dec3Substream[] = [];
  for (let i = 0; i < count; i++) {
    const fscod = reader.bits(2);
    const bsid = reader.bits(5);
    reader.skip(2);
    const bsmod = reader.bits(3);
    const acmod = reader.bits(3);
    const lfe = reader.flag();
    reader.skip(3);
    const dependents = reader.bits(4);
    const channelLocation = reader.bits(dependents > 0 ? 9 : 1);
    substreams.push({ fscod, bsid, bsmod, acmod, lfe, dependents, channelLocation });
  }
  if (reader.overrun) return undefined;
  reader.align();
  const jocComplexity = reader.left >= 16 && (reader.bits(8) & 1) === 1 ? reader.bits(8) : 0;
  return { bitrate, substreams, jocComplexity };
}

/** Hz and channels of the first independent substream, its dependents included. Rate 0 where the box leaves it open. */
export function dec3Format(dec3: Dec3): { sampleRate: number; channels: number } {
  const first = dec3.substreams[0];
  if (first === undefined) return { sampleRate: 0, channels: 0 };
  let extra = 0;
  LOCATION_BITS.forEach((bit, i) => {
    if ((first.channelLocation >> i) & 1) extra |= 1 << bit;
  });
  const channels = (AC3_CHANNELS[first.acmod] as number) + (first.lfe ? 1 : 0) + countChannels(extra);
  return { sampleRate: AC3_SAMPLE_RATES[first.fscod] ?? 0, channels };
}
