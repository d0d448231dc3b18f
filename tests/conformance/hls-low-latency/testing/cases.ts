import { all, asking, type Change, type RuleCase, replacing } from "./presentation.ts";

const untouched: Change = () => {};
const withoutParts = all(
  replacing(/^#EXT-X-PART:.*\n/, ""),
  replacing(/^#EXT-X-PART-INF.*\n/, ""),
  replacing(/,PART-HOLD-BACK=3.0/, ""),
  (draft) => {
    draft.answers = draft.answers.slice(0, 1);
  },
);
const ending = all(
  replacing(/^#EXT-X-(PRELOAD|RENDITION).*\n/, ""),
  replacing(/#EXT-X-MEDIA-SEQUENCE/, "#EXT-X-ENDLIST\n#EXT-X-MEDIA-SEQUENCE"),
);
/** Two date ranges, the second of which is new in answer 5, and a third that is there no more: a delta update to v2. */
const withDateRanges = all(
  asking({ query: "", parts: 44, atMs: 3820 }),
  asking({ query: "?_HLS_skip=v2", parts: 45, atMs: 4800, skip: 3 }),
  asking({ query: "", parts: 45, atMs: 4810 }),
  replacing("VERSION:9", "VERSION:10"),
  replacing("SKIPPED-SEGMENTS=3", 'SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="gone"', 5),
  (draft) => {
    const before = draft.edit;
    const line = (id: string): string => `#EXT-X-DATERANGE:ID="${id}",START-DATE="2030-01-01T00:00:00Z"\n`;
    draft.edit = (text, answer) =>
      before(text, answer) + (answer < 5 ? line("old") : line("old") + line("new"));
  },
);
const leavingOut = (id: string, answer: number): Change =>
  replacing(new RegExp(`^#EXT-X-DATERANGE:ID="${id}".*\n`), "", answer);
/** Part 1 of segment 49: neither the first nor the last of it. */
const PART = 'DURATION=1.000,URI="49.1.mp4"';
const SUM = /#EXTINF:4.000,\n49.mp4/;

export const cases: readonly RuleCase[] = [
  {
    rule: "head.part-inf",
    keeps: withoutParts,
    breaks: [replacing(/^#EXT-X-PART-INF.*\n/, ""), replacing("PART-TARGET=1.0", "PART-TARGET=x")],
    also: ["part.short", "reload.part-late", "report.others"],
  },
  {
    rule: "head.part-hold-back",
    keeps: withoutParts,
    breaks: [replacing(",PART-HOLD-BACK=3.0", ""), replacing("PART-HOLD-BACK=3.0", "PART-HOLD-BACK=1.9")],
    also: ["head.part-hold-back-three"],
  },
  {
    rule: "head.part-hold-back-three",
    keeps: replacing("PART-HOLD-BACK=3.0", "PART-HOLD-BACK=3"),
    breaks: [replacing("PART-HOLD-BACK=3.0", "PART-HOLD-BACK=2.9")],
  },
  {
    rule: "head.hold-back",
    keeps: replacing(",HOLD-BACK=12.0", ""),
    breaks: [replacing(",HOLD-BACK=12.0", ",HOLD-BACK=11.9")],
  },
  {
    rule: "head.skip-boundary",
    keeps: replacing("CAN-SKIP-UNTIL=24.0", "CAN-SKIP-UNTIL=24"),
    breaks: [replacing("CAN-SKIP-UNTIL=24.0", "CAN-SKIP-UNTIL=23.9")],
  },
  {
    rule: "head.skip-date-ranges",
    keeps: replacing("CAN-SKIP-UNTIL=24.0", "CAN-SKIP-UNTIL=24.0,CAN-SKIP-DATERANGES=YES"),
    breaks: [replacing("CAN-SKIP-UNTIL=24.0", "CAN-SKIP-DATERANGES=YES")],
    also: ["delta.ended"],
  },
  {
    rule: "head.block-reload",
    keeps: all(withoutParts, replacing("CAN-BLOCK-RELOAD=YES,", "")),
    breaks: [replacing("CAN-BLOCK-RELOAD=YES", "CAN-BLOCK-RELOAD=NO")],
  },
  {
    rule: "head.version",
    keeps: replacing("#EXT-X-VERSION:9", "#EXT-X-VERSION:10"),
    breaks: [replacing("#EXT-X-VERSION:9", "#EXT-X-VERSION:8")],
  },
  {
    rule: "head.stays",
    keeps: replacing("HOLD-BACK=12.0,PART-HOLD-BACK=3.0", "PART-HOLD-BACK=3.0,HOLD-BACK=12.0", 2),
    breaks: [
      replacing("HOLD-BACK=12.0", "HOLD-BACK=13.0", 2),
      replacing("PART-TARGET=1.0", "PART-TARGET=1.1", 2),
    ],
    also: ["head.part-hold-back-three"],
  },
  {
    rule: "head.same-everywhere",
    keeps: untouched,
    breaks: [
      (draft) => {
        draft.second = (text) => text.replace("HOLD-BACK=12.0", "HOLD-BACK=13.0");
      },
    ],
  },
  {
    rule: "part.attributes",
    keeps: replacing('URI="49.1.mp4"', 'URI="49.1.mp4",BYTERANGE="5@0"'),
    breaks: [
      replacing('URI="49.1.mp4"', 'URI=""'),
      replacing(PART, 'URI="49.1.mp4"'),
      replacing('URI="49.1.mp4"', 'URI="49.1.mp4",GAP=NO'),
      replacing('URI="49.1.mp4"', 'URI="49.1.mp4",BYTERANGE="@5"'),
      replacing('URI="49.1.mp4"', 'URI="49.1.mp4",a=b'),
    ],
    also: ["part.sum", "part.short"],
  },
  {
    rule: "part.target",
    keeps: all(replacing(PART, PART.replace("1.000", "0.900")), replacing(SUM, "#EXTINF:3.900,\n49.mp4")),
    breaks: [all(replacing(PART, PART.replace("1.000", "1.001")), replacing(SUM, "#EXTINF:4.001,\n49.mp4"))],
  },
  {
    rule: "part.short",
    keeps: all(
      replacing('DURATION=1.000,URI="49.3.mp4"', 'DURATION=0.100,URI="49.3.mp4"'),
      replacing(SUM, "#EXTINF:3.100,\n49.mp4"),
    ),
    breaks: [all(replacing(PART, PART.replace("1.000", "0.840")), replacing(SUM, "#EXTINF:3.840,\n49.mp4"))],
  },
  {
    rule: "part.sum",
    keeps: replacing(SUM, "#EXTINF:4.004,\n49.mp4"),
    breaks: [replacing(SUM, "#EXTINF:4.040,\n49.mp4")],
  },
  {
    rule: "part.independent",
    keeps: all(replacing(",INDEPENDENT=YES", ""), replacing("#EXT-X-INDEPENDENT-SEGMENTS\n", "")),
    breaks: [replacing(",INDEPENDENT=YES", "")],
  },
  {
    rule: "part.tags-before",
    keeps: (draft) => {
      draft.segmentLines = () => ["#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:00.000Z"];
    },
    breaks: [
      (draft) => {
        draft.endLines = (sequence) => ["#EXT-X-DISCONTINUITY", "#EXTINF:4.000,", `${sequence}.mp4`];
      },
    ],
  },
  {
    rule: "part.range",
    keeps: all(
      replacing('URI="49.1.mp4"', 'URI="49.mp4",BYTERANGE="5@0"'),
      replacing('URI="49.2.mp4"', 'URI="49.mp4",BYTERANGE="5"'),
    ),
    breaks: [replacing('URI="49.1.mp4"', 'URI="49.1.mp4",BYTERANGE="5"')],
  },
  {
    rule: "part.old",
    keeps: untouched,
    breaks: [replacing(/(?<=^45.mp4\n)/, '#EXT-X-PART:DURATION=4,INDEPENDENT=YES,URI="46.mp4"\n')],
    also: ["part.target", "part.sum"],
  },
  {
    rule: "part.stays",
    keeps: untouched,
    breaks: [replacing('URI="49.1.mp4"', 'URI="49.x.mp4"', 2), replacing(`#EXT-X-PART:${PART}\n`, "", 2)],
    also: ["part.sum", "hint.kept"],
  },
  {
    rule: "part.available",
    keeps: all(replacing('URI="49.3.mp4"', 'URI="49.3.mp4",GAP=YES'), (draft) => {
      draft.partStatus = 404;
    }),
    breaks: [
      (draft) => {
        draft.partStatus = 404;
      },
    ],
  },
  {
    rule: "hint.attributes",
    keeps: replacing("#EXT-X-RENDITION", '#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="i.mp4"\n#EXT-X-RENDITION'),
    breaks: [
      replacing("#EXT-X-RENDITION", '#EXT-X-PRELOAD-HINT:TYPE=SOUP,URI="i.mp4"\n#EXT-X-RENDITION'),
      replacing("#EXT-X-RENDITION", "#EXT-X-PRELOAD-HINT:TYPE=MAP\n#EXT-X-RENDITION"),
    ],
  },
  {
    rule: "hint.ended",
    keeps: all(ending, (draft) => {
      draft.answers = draft.answers.slice(0, 3);
    }),
    breaks: [
      all(replacing("#EXT-X-MEDIA-SEQUENCE", "#EXT-X-ENDLIST\n#EXT-X-MEDIA-SEQUENCE"), (draft) => {
        draft.answers = draft.answers.slice(0, 1);
      }),
    ],
  },
  {
    rule: "hint.once",
    keeps: replacing("#EXT-X-RENDITION", '#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="i.mp4"\n#EXT-X-RENDITION'),
    breaks: [replacing("#EXT-X-RENDITION", '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="i.mp4"\n#EXT-X-RENDITION')],
  },
  {
    rule: "hint.new",
    keeps: replacing('TYPE=PART,URI="51.0.mp4"', 'TYPE=PART,URI="50.3.mp4",BYTERANGE-START=100', 3),
    breaks: [replacing('TYPE=PART,URI="51.0.mp4"', 'TYPE=PART,URI="50.3.mp4"', 3)],
  },
  {
    rule: "hint.kept",
    keeps: untouched,
    breaks: [replacing(/TYPE=PART,URI="50.1.mp4"/, 'TYPE=PART,URI="50.x.mp4"', 1)],
  },
  {
    rule: "hint.present",
    keeps: all(ending, (draft) => {
      draft.answers = draft.answers.slice(0, 3);
    }),
    breaks: [replacing(/^#EXT-X-PRELOAD-HINT.*\n/, "")],
  },
  {
    rule: "report.attributes",
    keeps: replacing(/,LAST-MSN=\d+,LAST-PART=3/, ""),
    breaks: [
      replacing("#EXT-X-RENDITION", "#EXT-X-RENDITION-REPORT:LAST-MSN=1\n#EXT-X-RENDITION"),
      replacing("LAST-PART=3", 'LAST-PART="3b"'),
      replacing('URI="low.m3u8"', 'URI="http://127.0.0.1:8080/news/low.m3u8"', 1),
    ],
    also: ["report.others", "report.fresh"],
  },
  {
    rule: "report.others",
    keeps: replacing('URI="low.m3u8"', 'URI="../news/low.m3u8"'),
    breaks: [
      replacing(/^#EXT-X-RENDITION-REPORT.*\n/, "", 2),
      replacing("#EXT-X-RENDITION", '#EXT-X-RENDITION-REPORT:URI="index.m3u8"\n#EXT-X-RENDITION', 2),
    ],
  },
  {
    rule: "report.fresh",
    keeps: replacing(/LAST-MSN=50/, "LAST-MSN=49", 1),
    breaks: [replacing(/LAST-MSN=\d+/, "LAST-MSN=48", 1)],
  },
  {
    rule: "reload.blocking",
    keeps: all(
      asking({ query: "?_HLS_msn=51", parts: 48, atMs: 3820, heldMs: 4000 }),
      asking({ query: "?_HLS_msn=7&_HLS_part=900", parts: 48, atMs: 7830 }),
    ),
    breaks: [
      asking({ query: "?_HLS_msn=51&_HLS_part=1", parts: 45, atMs: 3820, heldMs: 900 }),
      asking({ query: "?_HLS_msn=51", parts: 47, atMs: 3820, heldMs: 900 }),
    ],
  },
  {
    rule: "reload.part-alone",
    keeps: asking({ query: "?_HLS_part=1", parts: 44, atMs: 3820, status: 400 }),
    breaks: [asking({ query: "?_HLS_part=1", parts: 44, atMs: 3820 })],
  },
  {
    rule: "reload.too-far",
    keeps: asking({ query: "?_HLS_msn=54", parts: 44, atMs: 3820, status: 400 }),
    breaks: [asking({ query: "?_HLS_msn=54", parts: 60, atMs: 3820, heldMs: 11_900 })],
    also: ["hint.kept"],
  },
  {
    rule: "reload.too-long",
    keeps: asking({ query: "?_HLS_msn=52", parts: 56, atMs: 3820, heldMs: 12_000 }),
    breaks: [asking({ query: "?_HLS_msn=52", parts: 56, atMs: 3820, heldMs: 12_001 })],
  },
  {
    rule: "reload.part-late",
    keeps: asking({ query: "", parts: 44, atMs: 5700 }),
    breaks: [asking({ query: "", parts: 44, atMs: 5900 })],
  },
  {
    rule: "reload.segments-stay",
    keeps: untouched,
    breaks: [replacing("SKIPPED-SEGMENTS=3", "SKIPPED-SEGMENTS=2")],
    also: ["part.stays", "hint.kept", "reload.blocking"],
  },
  {
    rule: "delta.asked",
    keeps: all(
      asking({ query: "?_HLS_skip=v2", parts: 45, atMs: 4800, skip: 3 }),
      replacing("SKIPPED-SEGMENTS=3", 'SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES=""', 4),
      replacing("VERSION:9", "VERSION:10"),
    ),
    breaks: [
      asking({ query: "", parts: 45, atMs: 4800, skip: 3 }),
      asking({ query: "?_HLS_skip=v2", parts: 45, atMs: 4800, skip: 3 }),
      all(
        replacing("SKIPPED-SEGMENTS=3", 'SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES=""', 3),
        replacing("VERSION:9", "VERSION:10"),
      ),
    ],
  },
  {
    rule: "delta.given",
    keeps: asking({ query: "?_HLS_skip=YES", parts: 45, atMs: 4800, skip: 2 }),
    breaks: [
      asking({ query: "?_HLS_skip=YES", parts: 45, atMs: 4800, skip: 5 }),
      asking({ query: "?_HLS_skip=YES", parts: 45, atMs: 4800 }),
    ],
  },
  {
    rule: "delta.date-ranges",
    keeps: all(withDateRanges, leavingOut("old", 5)),
    breaks: [
      all(withDateRanges, leavingOut("new", 5)),
      all(withDateRanges, leavingOut("old", 3)),
      all(withDateRanges, replacing('DATERANGES="gone"', 'DATERANGES="gone\told"', 5)),
    ],
  },
  {
    rule: "delta.ended",
    keeps: untouched,
    breaks: [ending, replacing("CAN-SKIP-UNTIL=24.0,", "")],
  },
];
