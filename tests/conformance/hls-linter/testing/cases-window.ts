import { addingTo, all, heading, type RuleCase, replacing, untouched } from "./changes.ts";
import type { Draft } from "./presentation.ts";

/** A discontinuity before segment 2, which leaves the window with its segment when `counted`. */
function jumping(counted: boolean): (draft: Draft) => void {
  return (draft) => {
    addingTo(2, "#EXT-X-DISCONTINUITY")(draft);
    const before = draft.head;
    draft.head = (first) => [
      ...before(first),
      `#EXT-X-DISCONTINUITY-SEQUENCE:${counted && first > 2 ? 8 : 7}`,
    ];
  };
}

/** Fetches the same versions at other times, milliseconds. */
function atTimes(...times: number[]): (draft: Draft) => void {
  return (draft) => {
    draft.reloads = times.map((atMs, first) => ({ first, atMs }));
  };
}

/** One more fetch of the last version. */
function lastAgain(afterMs: number): (draft: Draft) => void {
  return (draft) => {
    const last = draft.reloads.at(-1) as Draft["reloads"][0];
    draft.reloads.push({ ...last, atMs: last.atMs + afterMs });
  };
}

function changing(from: number, edit: (text: string) => string): (draft: Draft) => void {
  return (draft) => {
    draft.edit = (text, reload) => (reload >= from ? edit(text) : text);
  };
}

const dated = (index: number, date: string) => (draft: Draft) => {
  const before = draft.segmentLines;
  draft.segmentLines = (i) =>
    i === index ? before(i).map((line) => line.replace(/TIME:.*/, `TIME:${date}`)) : before(i);
};

/** Rules on the window and on what changes between two fetches. */
export const windowCases: readonly RuleCase[] = [
  {
    rule: "duration.target",
    keeps: replacing("#EXTINF:2.000,", "#EXTINF:2.049,"),
    breaks: [replacing("#EXTINF:2.000,\n44.ts", "#EXTINF:2.500,\n44.ts")],
    also: ["duration.media", "duration.alone", "date.sum"],
  },
  {
    rule: "window.segments",
    keeps: all(replacing(/MEDIA-SEQUENCE:\d+/, "MEDIA-SEQUENCE:0"), (draft) => {
      draft.reloads = [{ first: 0, atMs: 0, segments: 2 }];
    }),
    breaks: [
      (draft) => {
        draft.reloads = [{ first: 0, atMs: 0, segments: 2 }];
      },
    ],
  },
  {
    rule: "window.length",
    keeps: (draft) => {
      draft.reloads = draft.reloads.map((reload) => ({ ...reload, segments: 3 }));
    },
    breaks: [
      (draft) => {
        draft.reloads = [
          { first: 0, atMs: 0 },
          { first: 3, atMs: 2000, segments: 2 },
        ];
      },
    ],
    also: ["window.segments"],
  },
  {
    rule: "uri.unique",
    keeps: (draft) => {
      draft.uri = (index) => `${index}.ts?x=same`;
    },
    breaks: [
      (draft) => {
        draft.uri = (index) => `${index === 6 ? 0 : index}.ts`;
        draft.reloads = draft.reloads.slice(0, 4);
      },
    ],
    also: ["http.same-bytes", "ts.continuity-across", "ts.timestamps", "duration.media"],
  },
  {
    rule: "reload.target",
    keeps: untouched,
    breaks: [changing(2, (text) => text.replace("TARGETDURATION:2", "TARGETDURATION:3"))],
    also: ["window.length"],
  },
  {
    rule: "reload.sequence",
    keeps: lastAgain(2000),
    breaks: [
      (draft) => {
        draft.reloads = [
          { first: 1, atMs: 0 },
          { first: 0, atMs: 2000 },
        ];
      },
    ],
    also: ["reload.removal"],
  },
  {
    rule: "reload.count",
    keeps: untouched,
    breaks: [changing(3, (text) => text.replace("SEQUENCE:43", "SEQUENCE:44"))],
    also: [
      "reload.removal",
      "uri.unique",
      "ts.continuity-across",
      "ts.timestamps",
      "duration.media",
      "reload.early",
    ],
  },
  {
    rule: "reload.removal",
    keeps: untouched,
    breaks: [
      changing(3, (text) => text.replace(/#EXT-X-PROGRAM-DATE-TIME:.*\n#EXTINF:2.000,\n44.ts\n/, "")),
      changing(5, (text) => text.replace(/#EXT-X-PROGRAM-DATE-TIME:.*\n#EXTINF:2.000,\n47.ts\n/, "")),
    ],
    also: [
      "reload.count",
      "uri.unique",
      "date.sum",
      "ts.continuity-across",
      "ts.timestamps",
      "duration.media",
      "reload.late",
      "reload.sequence",
    ],
  },
  {
    rule: "reload.segment",
    keeps: addingTo(5, '#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-21T09:46:00Z"'),
    breaks: [
      changing(4, (text) => text.replace("#EXTINF:2.000,\n45.ts", "#EXTINF:2.040,\n45.ts")),
      changing(4, (text) => text.replace("#EXTINF:2.000,\n45.ts", "#EXT-X-GAP\n#EXTINF:2.000,\n45.ts")),
    ],
  },
  {
    rule: "reload.discontinuity",
    keeps: jumping(true),
    breaks: [jumping(false)],
  },
  {
    rule: "reload.sequence-tag",
    keeps: (draft) => {
      draft.reloads = [{ first: 0, atMs: 0 }];
      replacing(/#EXT-X-MEDIA-SEQUENCE:\d+\n/, "")(draft);
    },
    breaks: [replacing(/#EXT-X-MEDIA-SEQUENCE:\d+\n/, "")],
    // Every segment gets another number then.
    also: [
      "reload.count",
      "reload.removal",
      "uri.unique",
      "reload.late",
      "ts.continuity-across",
      "ts.timestamps",
      "duration.media",
    ],
  },
  {
    rule: "reload.type",
    keeps: all(heading("#EXT-X-PLAYLIST-TYPE:EVENT"), (draft) => {
      draft.reloads = [4, 5, 6].map((segments, i) => ({ first: 0, atMs: i * 2000, segments }));
    }),
    breaks: [heading("#EXT-X-PLAYLIST-TYPE:EVENT"), heading("#EXT-X-PLAYLIST-TYPE:VOD")],
  },
  {
    rule: "reload.ended",
    keeps: (draft) => {
      draft.reloads.push({ first: 5, atMs: 12_000, end: true }, { first: 5, atMs: 30_000, end: true });
    },
    breaks: [
      (draft) => {
        draft.reloads[2] = { first: 2, atMs: 4000, end: true };
      },
    ],
  },
  {
    rule: "reload.late",
    keeps: lastAgain(3000),
    breaks: [lastAgain(3010)],
  },
  {
    rule: "reload.early",
    keeps: atTimes(0, 1900, 3900, 4950),
    breaks: [atTimes(0, 1900, 3900, 4000, 4850)],
  },
  {
    rule: "date.format",
    keeps: dated(5, "2026-11-21T10:46:10.000+01:00"),
    breaks: [
      dated(5, "2026-11-21T09:46:10Z"),
      dated(5, "2026-11-21T09:46:10.000"),
      dated(5, "2026-11-41T09:46:10.000Z"),
    ],
    also: ["date.sum"],
  },
  {
    rule: "date.sum",
    keeps: dated(5, "2026-11-21T09:46:10.080Z"),
    breaks: [dated(5, "2026-11-21T09:46:10.150Z")],
  },
  {
    rule: "date.stays",
    keeps: changing(4, (text) => text.replace("T09:46:10.000Z", "T10:46:10.000+01:00")),
    breaks: [changing(4, (text) => text.replace("T09:46:10.000Z", "T09:46:10.030Z"))],
  },
];
