import type { BmffRule, MediaView, Sample, SampleFormat, StreamView } from "../model.ts";

/** Types of NAL units by the sample entry (ISO/IEC 14496-10 table 7-1, ISO/IEC 23008-2 table 7-1). */
interface NalKinds {
  typeOf(first: number): number;
  readonly isSet: (type: number) => boolean;
  /** A picture from which decoding can begin. */
  readonly isRandomAccess: (type: number) => boolean;
}

const AVC: NalKinds = {
  typeOf: (first) => first & 0x1f,
  isSet: (type) => type === 7 || type === 8 || type === 13 || type === 15,
  isRandomAccess: (type) => type === 5,
};
const HEVC: NalKinds = {
  typeOf: (first) => (first >> 1) & 0x3f,
  isSet: (type) => type >= 32 && type <= 34,
  isRandomAccess: (type) => type >= 16 && type <= 21,
};
const KINDS: Readonly<Record<string, NalKinds>> = { avc1: AVC, avc3: AVC, hvc1: HEVC, hev1: HEVC };

/** avc3 and hev1 may have them in samples. */
const SETS_IN_ENTRY = ["avc1", "hvc1"];

export const sampleRules: readonly BmffRule[] = [
  {
    id: "run.data",
    clause: "ISO/IEC 14496-12 §8.8.8, ISO/IEC 23000-19 §7.3.2.3",
    level: "must",
    doc: "Samples lie in the mdat behind their moof, one behind the other, and fill it.",
    on: "media",
    check: ({ fragments }, report) => {
      for (const { where, tracks, mdat } of fragments) {
        if (mdat === undefined) continue;
        const runs = tracks.flatMap((track) => track.runs).filter((run) => run.length > 0);
        const samples = runs.sort((a, b) => startOf(a) - startOf(b)).flat();
        let at = mdat.start;
        for (const sample of samples) {
          if (sample.at !== at) report(where, `has a sample at ${sample.at}, and not at ${at}`);
          at = sample.at + sample.size;
        }
        if (at !== mdat.end) report(where, `has samples to ${at}, and data to ${mdat.end}`);
      }
    },
  },
  {
    id: "run.independent",
    clause: "ISO/IEC 14496-12 §8.8.3.1, ISO/IEC 23000-19 §7.3.2.1",
    level: "must",
    doc: "What is said to be independent begins with a sync sample.",
    on: "media",
    check: ({ observed, fragments }, report) => {
      if (observed.independent !== true) return;
      for (const { where, runs } of fragments[0]?.tracks ?? [])
        if (runs.flat()[0]?.isSync === false) report(where, "begins with a sample that is no sync sample");
    },
  },
  {
    id: "nal.lengths",
    clause: "ISO/IEC 14496-15 §5.3.4.2, §8.3.2",
    level: "must",
    doc: "The lengths of NAL units fill their sample, and none is 0.",
    on: "media",
    check: (media, report, stream) =>
      eachSample(media, stream, ({ where, nals }) => {
        if (nals === undefined) report(where, "has NAL units that do not fill it");
      }),
  },
  {
    id: "nal.parameter-sets",
    clause: "ISO/IEC 14496-15 §5.4.2.1.2, §8.4.1.1",
    level: "must",
    doc: "Samples of avc1 and hvc1 have no parameter sets: these are in the sample entry.",
    on: "media",
    check: (media, report, stream) =>
      eachSample(media, stream, ({ where, nals = [], kinds, format }) => {
        const found = nals.filter((type) => kinds.isSet(type));
        if (SETS_IN_ENTRY.includes(format.entry) && found.length > 0)
          report(where, `has NAL units of types ${found.join()}`);
      }),
  },
  {
    id: "nal.sync",
    clause: "ISO/IEC 14496-12 §8.6.2, ISO/IEC 23000-19 §9.2",
    level: "must",
    doc: "A sample is a sync sample if and only if it has a picture from which decoding can begin.",
    on: "media",
    check: (media, report, stream) =>
      eachSample(media, stream, ({ where, sample, nals, kinds }) => {
        const has = nals?.some((type) => kinds.isRandomAccess(type));
        if (has !== undefined && has !== sample.isSync)
          report(where, `${sample.isSync ? "is" : "is no"} sync sample, with NAL units of types ${nals}`);
      }),
  },
];

function startOf(run: readonly Sample[]): number {
  return run[0]?.at ?? 0;
}

interface NalSample {
  readonly where: string;
  readonly sample: Sample;
  readonly format: SampleFormat;
  readonly kinds: NalKinds;
  /** Types of its NAL units; undefined where they do not fill it. */
  readonly nals: readonly number[] | undefined;
}

/** Samples of AVC and HEVC that lie in the media. */
function eachSample(
  { file, fragments }: MediaView,
  stream: StreamView,
  take: (one: NalSample) => void,
): void {
  for (const { tracks } of fragments)
    for (const track of tracks) {
      const format = stream.formatOf(track.trackId);
      const kinds = KINDS[format?.entry ?? ""];
      if (format === undefined || kinds === undefined || format.nalLengthBytes === 0) continue;
      for (const [i, sample] of track.runs.flat().entries()) {
        if (sample.at < 0 || sample.at + sample.size > file.bytes.length) continue;
        const nals = nalTypes(file.bytes.subarray(sample.at, sample.at + sample.size), format, kinds);
        take({ where: `${track.where} sample ${i}`, sample, format, kinds, nals });
      }
    }
}

function nalTypes(data: Uint8Array, { nalLengthBytes }: SampleFormat, kinds: NalKinds): number[] | undefined {
  const types: number[] = [];
  for (let at = 0; at < data.length; ) {
    let length = 0;
    for (let i = 0; i < nalLengthBytes; i++) length = length * 256 + (data[at + i] ?? 0);
    at += nalLengthBytes;
    if (length === 0 || at + length > data.length) return undefined;
    types.push(kinds.typeOf(data[at] ?? 0));
    at += length;
  }
  return types.length === 0 ? undefined : types;
}
