import { configCases } from "./config-cases.ts";
import {
  adding,
  all,
  box,
  type Change,
  entry,
  fragment,
  type RuleCase,
  removing,
  repeating,
  replacing,
  setting,
  TICKS,
  text,
  u32,
  zeros,
} from "./presentation.ts";

const untouched: Change = () => {};
const MDIA = "moov/trak/mdia";
const STBL = `${MDIA}/minf/stbl`;
const TRAF = "moof/traf";

const profile =
  (value: "cmaf" | "fragments"): Change =>
  (draft) => {
    draft.profile = value;
  };
const time = (media: number, bytes: readonly number[]): Change =>
  setting(media, `${TRAF}/tfdt`, { at: 8, bytes });
/** The first fragment of the second media anew. */
const withSamples =
  (...data: readonly (readonly number[])[]): Change =>
  (draft) => {
    const samples = data.map((bytes, i) => ({ data: bytes, sync: i === 0 }));
    const made = fragment({ sequence: 3, time: 90_000 + 4 * TICKS, samples });
    draft.media[1]?.boxes.splice(1, 2, ...made);
  };
const IDR = [0, 0, 0, 2, 0x65, 0x88];
const SLICE = [0, 0, 0, 2, 0x41, 0x9a];

const movieCases: readonly RuleCase[] = [
  {
    rule: "box.fits",
    keeps: adding("init", "moov", box("free", [1, 2, 3])),
    breaks: [
      (draft) => {
        draft.editInit = (bytes) => [...bytes, 0, 0, 0];
      },
      (draft) => {
        draft.editInit = (bytes) => bytes.slice(0, -1);
      },
      tooLong,
      replacing("init", `${STBL}/stsd`, zeros(4)),
    ],
    also: ["ftyp.first", "moov.extends", "entry.handler", "box.layout", "media.tracks", "moov.children"],
  },
  {
    rule: "box.layout",
    keeps: setting("init", `${MDIA}/mdhd`, { at: 20, bytes: [0x15, 0xc7] }),
    breaks: [
      setting("init", "moov/mvhd", { at: 100, bytes: [0] }),
      setting("init", `${STBL}/stts`, { at: 8, bytes: zeros(8) }),
      setting("init", `${MDIA}/mdhd`, { at: 0, bytes: [1] }),
      setting(0, "prft", { at: 0, bytes: [0] }),
      setting(0, `${TRAF}/trun`, { at: 7, bytes: [3] }),
      setting(0, "moof/mfhd", { at: 8, bytes: [0] }),
    ],
    also: ["run.data", "media.tracks", "media.sequence", "time.follows"],
  },
  {
    rule: "ftyp.first",
    keeps: adding("init", "moov", box("udta", [])),
    breaks: [
      removing("init", "ftyp"),
      repeating("init", "ftyp"),
      adding("init", "", box("free", [])),
      (draft) => draft.init.reverse(),
      (draft) => draft.init.push(box("mdat", [])),
    ],
  },
  {
    rule: "ftyp.brands",
    keeps: all(
      profile("fragments"),
      replacing("init", "ftyp", [...text("mp42"), ...u32(0), ...text("iso5")]),
    ),
    breaks: [
      replacing("init", "ftyp", [...text("isom"), ...u32(0), ...text("isommp41")]),
      replacing("init", "ftyp", [...text("iso6"), ...u32(0), ...text("mp41")]),
      // minor_version is no brand.
      replacing("init", "ftyp", [...text("isom"), ...text("cmfc"), ...text("isom")]),
    ],
  },
  {
    rule: "moov.children",
    keeps: all(
      profile("fragments"),
      repeating("init", "moov/trak"),
      repeating("init", "moov/mvex/trex"),
      secondTrack,
    ),
    breaks: [
      removing("init", "moov/mvhd"),
      removing("init", "moov/mvex"),
      removing("init", "moov/trak"),
      repeating("init", "moov/mvhd"),
      all(repeating("init", "moov/trak"), repeating("init", "moov/mvex/trex"), secondTrack),
    ],
    also: ["moov.extends", "media.tracks"],
  },
  {
    rule: "moov.extends",
    keeps: untouched,
    breaks: [
      removing("init", "moov/mvex/trex"),
      repeating("init", "moov/mvex/trex"),
      setting("init", "moov/mvex/trex", { at: 7, bytes: [2] }),
      setting("init", "moov/mvex/trex", { at: 11, bytes: [0] }),
      setting("init", "moov/mvex/trex", { at: 11, bytes: [2] }),
    ],
  },
  {
    rule: "moov.ids",
    keeps: setting("init", "moov/mvhd", { at: 96, bytes: u32(0xffffffff) }),
    breaks: [
      setting("init", "moov/mvhd", { at: 96, bytes: u32(1) }),
      all(profile("fragments"), repeating("init", "moov/trak")),
      all(
        setting("init", "moov/trak/tkhd", { at: 15, bytes: [0] }),
        setting("init", "moov/mvex/trex", { at: 7, bytes: [0] }),
      ),
    ],
    also: ["media.tracks"],
  },
  {
    rule: "track.children",
    keeps: adding("init", "moov/trak", box("edts", [], box("elst", zeros(8)))),
    breaks: [
      ...["tkhd", "mdia", "mdia/mdhd", "mdia/hdlr", "mdia/minf", "mdia/minf/dinf"],
      ...["stsd", "stts", "stsc", "stsz", "stco"].map((type) => `mdia/minf/stbl/${type}`),
    ]
      .map((path) => removing("init", `moov/trak/${path}`))
      .concat(repeating("init", `${MDIA}/mdhd`)),
    also: ["moov.extends", "media.tracks", "track.media-header", "entry.handler"],
  },
  {
    rule: "track.media-header",
    keeps: entry({ type: "ac-3", handler: "soun", config: "dac3", bytes: [0x10, 0x11, 0x40] }),
    breaks: [
      removing("init", `${MDIA}/minf/vmhd`),
      setting("init", `${MDIA}/hdlr`, { at: 8, bytes: text("soun") }),
      setting("init", `${MDIA}/hdlr`, { at: 8, bytes: text("what") }),
    ],
    also: ["entry.handler"],
  },
  {
    rule: "track.timescale",
    keeps: setting("init", `${MDIA}/mdhd`, { at: 12, bytes: u32(1) }),
    breaks: [setting("init", `${MDIA}/mdhd`, { at: 12, bytes: u32(0) })],
  },
  {
    rule: "track.tables",
    keeps: untouched,
    breaks: [
      replacing("init", `${STBL}/stts`, [...u32(0), ...u32(1), ...u32(1), ...u32(1)]),
      replacing("init", `${STBL}/stsc`, [...u32(0), ...u32(1), ...u32(1), ...u32(1), ...u32(1)]),
      replacing("init", `${STBL}/stco`, [...u32(0), ...u32(1), ...u32(9)]),
      replacing("init", `${STBL}/stsz`, [...u32(0), ...u32(7), ...u32(1)]),
    ],
  },
  {
    rule: "entry.handler",
    keeps: untouched,
    breaks: [
      removing("init", `${STBL}/stsd/avc1`),
      setting("init", `${STBL}/stsd`, { at: 7, bytes: [2] }),
      (draft) => {
        entry({ type: "avc1", handler: "soun", config: "avcC", bytes: [] })(draft);
      },
    ],
    also: ["moov.extends", "box.fits", "config.avcC", "config.present"],
  },
];

const fragmentCases: readonly RuleCase[] = [
  {
    rule: "media.order",
    keeps: adding(2, "", box("prft", [1, 0, 0, 24, ...u32(1), ...u32(0xea000000), ...zeros(12)])),
    breaks: [
      removing(2, "mdat"),
      removing(2, "moof"),
      adding(2, "", box("mdat", [])),
      adding(2, "", box("free", [])),
      repeating(1, "styp"),
      (draft) => draft.media[0]?.boxes.splice(2, 0, box("styp", text("msdhmsdh"))),
      (draft) => draft.media[2]?.boxes.splice(0),
    ],
  },
  {
    rule: "media.sequence",
    keeps: setting(2, "moof/mfhd", { at: 4, bytes: u32(900) }),
    breaks: [
      setting(2, "moof/mfhd", { at: 4, bytes: u32(3) }),
      setting(1, "moof/mfhd", { at: 4, bytes: u32(1) }),
      removing(0, "moof/mfhd"),
    ],
  },
  {
    rule: "media.tracks",
    keeps: untouched,
    breaks: [
      setting(0, `${TRAF}/tfhd`, { at: 7, bytes: [2] }),
      repeating(0, TRAF),
      removing(0, TRAF),
      removing(0, `${TRAF}/trun`),
    ],
    also: ["run.data", "time.follows", "time.producer"],
  },
  {
    rule: "media.base",
    keeps: replacing(0, `${TRAF}/tfhd`, [...u32(0x020008), ...u32(1), ...u32(9)]),
    breaks: [
      replacing(0, `${TRAF}/tfhd`, [...u32(0), ...u32(1)]),
      replacing(0, `${TRAF}/tfhd`, [...u32(0x020001), ...u32(1), ...zeros(8)]),
    ],
  },
  {
    rule: "time.present",
    keeps: replacing(0, `${TRAF}/tfdt`, [...u32(0), ...u32(90_000)]),
    breaks: [removing(0, `${TRAF}/tfdt`), removing(2, `${TRAF}/tfdt`)],
  },
  {
    rule: "time.version",
    keeps: replacing(0, `${TRAF}/tfdt`, [...u32(0), ...u32(90_000)]),
    breaks: [
      (draft) => {
        draft.media = draft.media.slice(2);
        replacing(0, `${TRAF}/tfdt`, [...u32(0), ...u32(0xffffffff)])(draft);
      },
    ],
  },
  {
    rule: "time.follows",
    keeps: all(time(2, u32(300_000)), (draft) => {
      Object.assign(draft.media[2] ?? {}, { discontinuity: true });
    }),
    breaks: [
      time(2, u32(300_000)),
      time(1, u32(90_000)),
      all(time(2, u32(90_000)), (draft) => {
        Object.assign(draft.media[2] ?? {}, { discontinuity: true });
      }),
      time(0, u32(90_001)),
    ],
  },
  {
    rule: "time.producer",
    keeps: removing(0, "prft"),
    breaks: [setting(0, "prft", { at: 4, bytes: u32(2) }), setting(0, "prft", { at: 8, bytes: u32(0) })],
  },
  {
    rule: "event.fields",
    keeps: setting(0, "emsg", { at: 32, bytes: text("data without an end") }),
    breaks: [
      setting(0, "emsg", { at: 0, bytes: [2] }),
      setting(0, "emsg", { at: 4, bytes: u32(0) }),
      setting(0, "emsg", { at: 24, bytes: [0] }),
      setting(0, "emsg", { at: 31, bytes: text("b") }),
      replacing(0, "emsg", [1, 0, 0, 0]),
      replacing(0, "emsg", []),
      replacing(0, "emsg", [0, 0, 0, 0, ...text("urn:a\0\0"), ...u32(1)]),
    ],
    also: ["event.version"],
  },
  {
    rule: "event.version",
    keeps: removing(0, "emsg"),
    breaks: [replacing(0, "emsg", [0, 0, 0, 0, ...text("urn:a\0\0"), ...u32(1), ...zeros(12)])],
  },
];

const sampleCases: readonly RuleCase[] = [
  {
    rule: "run.data",
    keeps: withSamples(IDR, SLICE),
    breaks: [
      (draft) => {
        draft.offsetShift = 1;
      },
      setting(2, `${TRAF}/trun`, { at: 19, bytes: [5] }),
      (draft) => draft.media[2]?.boxes.at(-1)?.fields.push(0),
    ],
    also: ["nal.lengths", "nal.sync"],
  },
  {
    rule: "run.independent",
    keeps: (draft) => {
      Object.assign(draft.media[1] ?? {}, { independent: false });
    },
    breaks: [
      (draft) => {
        Object.assign(draft.media[2] ?? {}, { independent: true });
      },
    ],
  },
  {
    rule: "nal.lengths",
    keeps: withSamples([0, 0, 0, 1, 6, ...IDR], SLICE),
    breaks: [
      withSamples([0, 0, 0, 9, 0x65], SLICE),
      withSamples(IDR, [...SLICE, 0]),
      withSamples(IDR, [0, 0, 0, 0]),
    ],
  },
  {
    rule: "nal.parameter-sets",
    keeps: all(withSamples([0, 0, 0, 1, 0x67, ...IDR], SLICE), (draft) => {
      const stsd = draft.init[1]?.children[1]?.children[1]?.children[2]?.children[2]?.children[0];
      Object.assign(stsd?.children[0] ?? {}, { type: "avc3" });
    }),
    breaks: [withSamples([0, 0, 0, 1, 0x67, ...IDR], SLICE), withSamples(IDR, [0, 0, 0, 1, 0x68, ...SLICE])],
  },
  {
    rule: "nal.sync",
    keeps: withSamples(IDR, SLICE),
    breaks: [withSamples(SLICE, SLICE), withSamples(IDR, IDR)],
  },
];

/** Makes the last box longer than the file. */
function tooLong(draft: Parameters<Change>[0]): void {
  draft.editInit = (bytes) => bytes.with(3, 0xff);
}

/** Gives the first of two equal tracks the number 2. */
function secondTrack(draft: Parameters<Change>[0]): void {
  all(
    setting("init", "moov/trak/tkhd", { at: 15, bytes: [2] }),
    setting("init", "moov/mvex/trex", { at: 7, bytes: [2] }),
    setting("init", "moov/mvhd", { at: 99, bytes: [3] }),
  )(draft);
}

export const cases: readonly RuleCase[] = [...movieCases, ...configCases, ...fragmentCases, ...sampleCases];
