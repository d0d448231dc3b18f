import { type EventMessage, writeEventMessage } from "../event-message.ts";
import { SAMPLE_DEPENDS, SAMPLE_DISPOSABLE, SAMPLE_INDEPENDENT, SAMPLE_NON_SYNC } from "../sample-flags.ts";
import { BoxWriter } from "./box-writer.ts";

/** One sample of a run. Its bytes follow elsewhere. */
export interface Sample {
  /** In the track's timescale. */
  readonly durationTicks: number;
  /** PTS − DTS in the track's timescale; may be negative. */
  readonly compositionOffsetTicks: number;
  /** A decoder may start here. */
  readonly key: boolean;
  /** No other sample refers to this one. */
  readonly disposable?: boolean;
  /** Bytes. */
  readonly size: number;
}

/** Samples of one track, one after the other. */
export interface TrackRun {
  readonly trackId: number;
  /** DTS of the first sample in the track's timescale: an integer from 0 to 2⁵³. */
  readonly baseDecodeTime: number;
  readonly samples: readonly Sample[];
}

/** The wall clock that belongs to a time of the media (ISO/IEC 14496-12 §8.16.5). */
export interface ProducerTime {
  readonly trackId: number;
  /** UTC, milliseconds since 1970. */
  readonly ntpMs: number;
  /** In the track's timescale. */
  readonly mediaTime: number;
  /**
   * What happened then: 0 input to the encoder, 1 output of it, 2 fragment finished, 4 fragment written, 8 (the default)
   * something that is always the same, 24 the scene itself.
   */
  readonly flags?: number;
}

export interface FragmentOptions {
  /** From 1, one more for each fragment. */
  readonly sequence: number;
  /** Brands, the major one first, where this begins a segment ("msdh") or is a chunk of one ("cmfl"). */
  readonly styp?: readonly string[];
  readonly producerTime?: ProducerTime;
  readonly events?: readonly EventMessage[];
  /** Their data follow in this order. */
  readonly runs: readonly TrackRun[];
}

const NTP_EPOCH_MS = 2_208_988_800_000;

/** tfhd flags (ISO/IEC 14496-12 §8.8.7). */
const TFHD_DURATION = 0x08;
const TFHD_SIZE = 0x10;
const TFHD_FLAGS = 0x20;
const TFHD_BASE_IS_MOOF = 0x020000;
/** trun flags (§8.8.8). */
const TRUN_DATA_OFFSET = 0x001;
const TRUN_FIRST_FLAGS = 0x004;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;

/**
 * All of a movie fragment up to and with the mdat header (ISO/IEC 14496-12 §8.8, §8.16; ISO/IEC 23000-19 §7.3): styp, prft
 * and emsg where asked for, moof, and the head of mdat. The samples' bytes follow, run by run.
 */
export function fragmentHead(options: FragmentOptions): Uint8Array {
  const { sequence, styp, producerTime, events, runs } = options;
  let count = 0;
  for (const run of runs) count += run.samples.length;
  const writer = new BoxWriter(256 + 80 * runs.length + 16 * count);
  if (styp !== undefined) writeFileType(writer, "styp", styp);
  if (producerTime !== undefined) writeProducerTime(writer, producerTime);
  if (events !== undefined) for (const event of events) writeEventMessage(writer, event);
  const start = writer.length;
  const offsetsAt: number[] = [];
  writer.begin("moof").beginFull("mfhd", 0, 0).u32(sequence).end();
  for (const run of runs) offsetsAt.push(writeTrackFragment(writer, run));
  writer.end();
  let dataBytes = 0;
  for (const run of runs) for (const sample of run.samples) dataBytes += sample.size;
  const headerBytes = dataBytes + 8 > 0xffffffff ? 16 : 8;
  let offset = writer.length - start + headerBytes;
  runs.forEach((run, i) => {
    const at = offsetsAt[i] as number;
    if (at > 0) writer.patchU32(at, offset);
    for (const sample of run.samples) offset += sample.size;
  });
  if (headerBytes === 8) writer.u32(dataBytes + 8).fourCc("mdat");
  else
    writer
      .u32(1)
      .fourCc("mdat")
      .u64(dataBytes + 16);
  return writer.done();
}

/** ftyp or styp: the first brand is the major one. */
export function writeFileType(writer: BoxWriter, type: "ftyp" | "styp", brands: readonly string[]): void {
  writer
    .begin(type)
    .fourCc(brands[0] ?? "iso6")
    .u32(0);
  for (const brand of brands) writer.fourCc(brand);
  writer.end();
}

function writeProducerTime(writer: BoxWriter, time: ProducerTime): void {
  const ntpMs = Math.round(time.ntpMs) + NTP_EPOCH_MS;
  const seconds = Math.floor(ntpMs / 1000);
  writer
    .beginFull("prft", 1, time.flags ?? 8)
    .u32(time.trackId)
    .u32(seconds % 2 ** 32)
    .u32(Math.floor(((ntpMs - 1000 * seconds) * 2 ** 32) / 1000))
    .u64(time.mediaTime)
    .end();
}

/** Sample flags (ISO/IEC 14496-12 §8.8.3.1). */
function flagsOf(sample: Sample): number {
  if (sample.key) return SAMPLE_INDEPENDENT;
  return SAMPLE_DEPENDS | SAMPLE_NON_SYNC | (sample.disposable === true ? SAMPLE_DISPOSABLE : 0);
}

/** What a run has to say of each sample, and what of all at once. */
interface RunShape {
  tfhd: number;
  trun: number;
  /** Flags of all samples, or of all but the first. */
  readonly flags: number;
}

function shapeOf(samples: readonly Sample[]): RunShape {
  const first = samples[0] as Sample;
  const second = samples[1] ?? first;
  const flags = flagsOf(second);
  let sameDuration = true;
  let sameSize = true;
  let sameFlags = true;
  let composed = false;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as Sample;
    if (sample.durationTicks !== first.durationTicks) sameDuration = false;
    if (sample.size !== first.size) sameSize = false;
    if (sample.compositionOffsetTicks !== 0) composed = true;
    if (i > 0 && flagsOf(sample) !== flags) sameFlags = false;
  }
  let tfhd = TFHD_BASE_IS_MOOF;
  let trun = TRUN_DATA_OFFSET;
  if (sameDuration) tfhd |= TFHD_DURATION;
  else trun |= TRUN_DURATION;
  if (sameSize) tfhd |= TFHD_SIZE;
  else trun |= TRUN_SIZE;
  if (sameFlags) tfhd |= TFHD_FLAGS;
  else trun |= TRUN_FLAGS;
  if (sameFlags && flagsOf(first) !== flags) trun |= TRUN_FIRST_FLAGS;
  if (composed) trun |= TRUN_COMPOSITION;
  return { tfhd, trun, flags };
}

/** traf. Returns where the data offset stands, or 0 where there are no samples. */
function writeTrackFragment(writer: BoxWriter, { trackId, baseDecodeTime, samples }: TrackRun): number {
  const first = samples[0];
  const shape = first === undefined ? { tfhd: TFHD_BASE_IS_MOOF, trun: 0, flags: 0 } : shapeOf(samples);
  writer.begin("traf").beginFull("tfhd", 0, shape.tfhd).u32(trackId);
  if ((shape.tfhd & TFHD_DURATION) !== 0) writer.u32(first?.durationTicks ?? 0);
  if ((shape.tfhd & TFHD_SIZE) !== 0) writer.u32(first?.size ?? 0);
  if ((shape.tfhd & TFHD_FLAGS) !== 0) writer.u32(shape.flags);
  writer.end().beginFull("tfdt", 1, 0).u64(baseDecodeTime).end();
  let offsetAt = 0;
  if (first !== undefined) {
    writer.beginFull("trun", 1, shape.trun).u32(samples.length);
    offsetAt = writer.length;
    writer.u32(0);
    if ((shape.trun & TRUN_FIRST_FLAGS) !== 0) writer.u32(flagsOf(first));
    for (const sample of samples) writeSample(writer, sample, shape.trun);
    writer.end();
  }
  writer.end();
  return offsetAt;
}

function writeSample(writer: BoxWriter, sample: Sample, trun: number): void {
  if ((trun & TRUN_DURATION) !== 0) writer.u32(sample.durationTicks);
  if ((trun & TRUN_SIZE) !== 0) writer.u32(sample.size);
  if ((trun & TRUN_FLAGS) !== 0) writer.u32(flagsOf(sample));
  if ((trun & TRUN_COMPOSITION) !== 0) writer.u32(sample.compositionOffsetTicks);
}
