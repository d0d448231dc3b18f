import { addingTo, all, type Change, faulty, heading, type RuleCase, under, untouched } from "./changes.ts";
import type { Draft } from "./presentation.ts";

const JUMP: Change = all(addingTo(6, "#EXT-X-DISCONTINUITY"), heading("#EXT-X-DISCONTINUITY-SEQUENCE:0"));
const VARIANT = '#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS="avc1.640028,mp4a.40.2"';
const AUDIO = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",DEFAULT=YES,AUTOSELECT=YES';

function fetched(atMs: number, status: number): Change {
  return (draft) => {
    draft.moreFetches.push({ index: 1, atMs, status });
  };
}

function changed(index: number, change: (bytes: Uint8Array) => Uint8Array): Change {
  return (draft: Draft) => {
    draft.changeBytes = (i, bytes) => (i === index ? change(bytes) : bytes);
  };
}

/** Rules on what is in the segments and how they are handed out, and on the multivariant playlist. */
export const segmentCases: readonly RuleCase[] = [
  {
    rule: "http.playlist",
    keeps: untouched,
    breaks: [
      (draft) => {
        draft.reloads[2] = { first: 2, atMs: 4000, status: 500 };
      },
    ],
  },
  {
    rule: "http.segment-type",
    keeps: (draft) => {
      draft.segmentType = "video/MP2T";
    },
    breaks: [
      (draft) => {
        draft.segmentType = "application/octet-stream";
      },
    ],
  },
  // Segment 1 is listed by the versions fetched at 0 and at 2,000 ms; each lasts 8 s.
  { rule: "http.segment", keeps: fetched(1900, 200), breaks: [fetched(1900, 404)] },
  {
    rule: "http.segment-kept",
    keeps: fetched(12_100, 404),
    breaks: [fetched(11_900, 404)],
  },
  {
    rule: "http.same-bytes",
    keeps: fetched(3000, 200),
    breaks: [
      (draft) => {
        draft.moreFetches.push({ index: 1, atMs: 3000, status: 200, bytes: new Uint8Array(188) });
      },
    ],
  },
  {
    rule: "ts.packets",
    keeps: untouched,
    breaks: [
      changed(4, (bytes) => bytes.subarray(0, -1)),
      changed(4, (bytes) => bytes.with(188 * 3, 0)),
      changed(8, () => new Uint8Array(0)),
    ],
    also: ["ts.continuity", "ts.continuity-across", "ts.tables", "ts.tables-first", "ts.tracks"],
  },
  {
    rule: "ts.tables",
    keeps: untouched,
    breaks: [faulty(4, { noTables: true }), faulty(4, { tablesLate: true })],
    also: ["ts.tables-first", "ts.tracks", "ts.continuity-across", "ts.key-frame"],
  },
  { rule: "ts.tables-first", keeps: untouched, breaks: [faulty(4, { tablesSecond: true })] },
  { rule: "ts.program", keeps: untouched, breaks: [faulty(4, { twoPrograms: true })] },
  { rule: "ts.key-frame", keeps: untouched, breaks: [faulty(4, { noKey: true })] },
  {
    rule: "ts.continuity",
    keeps: faulty(4, { tablesAgain: 1 }),
    breaks: [faulty(4, { dropPacket: 20 }), faulty(4, { tablesAgain: 3 })],
    also: ["ts.continuity-across"],
  },
  {
    rule: "ts.continuity-across",
    keeps: all(
      JUMP,
      faulty(6, { skipContinuity: 3 }),
      faulty(3, { skipContinuity: 3, announceDiscontinuity: true }),
      faulty(4, { tablesAgain: 1 }),
    ),
    breaks: [
      faulty(6, { skipContinuity: 3 }),
      faulty(6, { skipContinuity: 15 }),
      faulty(4, { tablesAgain: 2 }),
    ],
  },
  {
    rule: "ts.tracks",
    keeps: all(
      JUMP,
      faulty(6, { noAudio: true }),
      faulty(7, { noAudio: true }),
      faulty(8, { noAudio: true }),
    ),
    breaks: [faulty(6, { noAudio: true })],
  },
  {
    rule: "ts.timestamps",
    keeps: all(JUMP, faulty(6, { jumpTicks: 900_000 })),
    breaks: [faulty(6, { jumpTicks: 900_000 }), faulty(6, { jumpTicks: -9000 })],
    also: ["duration.media"],
  },
  {
    rule: "duration.media",
    keeps: faulty(6, { seconds: 2.04 }),
    breaks: [faulty(6, { seconds: 2.08 })],
  },
  {
    rule: "duration.alone",
    keeps: faulty(8, { seconds: 2.2 }),
    breaks: [faulty(8, { seconds: 2.4 })],
  },
  {
    rule: "multivariant.uri",
    keeps: under("# variants", VARIANT, "index.m3u8"),
    breaks: [under(VARIANT, "", "index.m3u8"), under(VARIANT, "index.m3u8", "other.m3u8"), under(VARIANT)],
  },
  {
    rule: "multivariant.codecs",
    keeps: under(VARIANT, "index.m3u8"),
    breaks: [under("#EXT-X-STREAM-INF:BANDWIDTH=5000000", "index.m3u8")],
  },
  {
    rule: "multivariant.groups",
    keeps: under(AUDIO, `${VARIANT},AUDIO="a",CLOSED-CAPTIONS=NONE`, "index.m3u8"),
    breaks: [
      under(AUDIO, `${VARIANT},AUDIO="b"`, "index.m3u8"),
      under(AUDIO, `${VARIANT},SUBTITLES="a"`, "index.m3u8"),
    ],
  },
  {
    rule: "multivariant.renditions",
    keeps: under(
      AUDIO,
      AUDIO.replace("English", "Deutsch").replace("DEFAULT=YES", "DEFAULT=NO"),
      VARIANT,
      "index.m3u8",
    ),
    breaks: [
      under(AUDIO, AUDIO.replace("DEFAULT=YES", "DEFAULT=NO"), VARIANT, "index.m3u8"),
      under(AUDIO, AUDIO.replace("English", "Deutsch"), VARIANT, "index.m3u8"),
      under(AUDIO.replace("AUTOSELECT=YES", "AUTOSELECT=NO"), VARIANT, "index.m3u8"),
      under(AUDIO.replace("AUDIO", "SUBTITLES"), VARIANT, "index.m3u8"),
      under(AUDIO.replace("AUDIO", "CLOSED-CAPTIONS"), VARIANT, "index.m3u8"),
      under(`${AUDIO},FORCED=YES`, VARIANT, "index.m3u8"),
      under(AUDIO.replace("AUDIO", "SMELL"), VARIANT, "index.m3u8"),
    ],
  },
  {
    rule: "multivariant.target",
    keeps: under(VARIANT, "index.m3u8"),
    breaks: [all(under(VARIANT, "index.m3u8"), (draft) => void (draft.secondTarget = 6))],
  },
  {
    rule: "multivariant.bandwidth",
    keeps: under(VARIANT.replace("5000000", "190000"), "index.m3u8"),
    breaks: [under(VARIANT.replace("5000000", "100000"), "index.m3u8")],
  },
];
