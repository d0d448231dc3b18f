import { ENTRIES, find } from "../boxes.ts";
import type { BmffRule, TrackView } from "../model.ts";
import { ac3Problem, eac3Problem, flacProblem, opusProblem } from "./audio-config.ts";
import { descriptorProblem } from "./descriptor.ts";
import { av1Problem, avcProblem, hevcProblem, vpProblem } from "./video-config.ts";

/** What is wrong with the payload of a configuration box. */
type Check = (payload: DataView, track: TrackView) => string | undefined;

interface ConfigRule {
  readonly clause: string;
  readonly doc: string;
  readonly problem: Check;
}

const CONFIGS: Readonly<Record<string, ConfigRule>> = {
  avcC: {
    clause: "ISO/IEC 14496-15 §5.3.3.1",
    doc: "avcC has parameter sets of their kinds, says of the profile what they say, and ends behind them.",
    problem: avcProblem,
  },
  hvcC: {
    clause: "ISO/IEC 14496-15 §8.3.3.1, §8.4.1.1",
    doc: "hvcC has parameter sets in arrays of their kinds, which are complete under hvc1, and ends behind them.",
    problem: hevcProblem,
  },
  av1C: {
    clause: "AV1 Codec ISO Media File Format Binding §2.3",
    doc: "av1C has version 1, and OBUs with sizes, a sequence header the first of them.",
    problem: av1Problem,
  },
  vpcC: {
    clause: "VP Codec ISO Media File Format Binding §2.2",
    doc: "vpcC has version 1, a known profile and depth, and no initialization data.",
    problem: vpProblem,
  },
  esds: {
    clause: "ISO/IEC 14496-14 §6.7.2, ISO/IEC 14496-1 §7.2.6",
    doc: "esds has one ES_Descriptor with its decoder configuration and SL configuration, which fill it.",
    problem: descriptorProblem,
  },
  dac3: {
    clause: "ETSI TS 102 366 §F.4",
    doc: "dac3 has three bytes and values that are not reserved.",
    problem: ac3Problem,
  },
  dec3: {
    clause: "ETSI TS 102 366 §F.6",
    doc: "dec3 has its independent substreams, with values that are not reserved.",
    problem: eac3Problem,
  },
  dOps: {
    clause: "Encapsulation of Opus in ISO BMFF §4.3.2",
    doc: "dOps has version 0, channels, and a mapping table where its family wants one.",
    problem: opusProblem,
  },
  dfLa: {
    clause: "Encapsulation of FLAC in ISO BMFF §3.3.2",
    doc: "dfLa has metadata blocks, STREAMINFO the first, and ends behind the last.",
    problem: flacProblem,
  },
};

export const configRules: readonly BmffRule[] = [
  {
    id: "config.present",
    clause: "ISO/IEC 14496-12 §8.5.2, ISO/IEC 14496-15 §5.4.2.1, §8.4.1.1",
    level: "must",
    doc: "A sample entry has the configuration box of its type.",
    on: "track",
    check: ({ where, entryBoxes }, report) => {
      for (const { type, children } of entryBoxes) {
        const config = ENTRIES[type]?.config;
        if (config !== undefined && find(children, config) === undefined)
          report(where, `${type} has no ${config}`);
      }
    },
  },
  ...Object.entries(CONFIGS).map(
    ([type, { clause, doc, problem }]): BmffRule => ({
      id: `config.${type}`,
      clause,
      level: "must",
      doc,
      on: "track",
      check: (track, report, { bytes }) => {
        for (const { type: entry, children } of track.entryBoxes) {
          const box = ENTRIES[entry]?.config === type ? find(children, type) : undefined;
          if (box === undefined) continue;
          const payload = new DataView(bytes.buffer, bytes.byteOffset + box.start, box.end - box.start);
          const message = problemOf(payload, track, problem);
          if (message !== undefined) report(box.where, message);
        }
      },
    }),
  ),
];

function problemOf(payload: DataView, track: TrackView, check: Check): string | undefined {
  try {
    return check(payload, track);
  } catch (error) {
    if (error instanceof RangeError) return "ends before its fields do";
    throw error;
  }
}
