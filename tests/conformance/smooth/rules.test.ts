import assert from "node:assert/strict";
import { type Change as DraftChange, type RuleCase, testRules } from "../kit/rule-tests.ts";
import { lintSmooth } from "./lint.ts";
import type { Chunk } from "./model.ts";
import { smoothRules } from "./rules.ts";
import { box, type Draft, draft, observe, tfrf, tfxd } from "./testing/presentation.ts";

type Change = DraftChange<Draft>;

const untouched: Change = () => {};

/** Replaces text in the manifests, or in one version, and must hit. */
function replacing(from: string | RegExp, to: string, only?: number): Change {
  return (changed) => {
    changed.edit = (text, version) => {
      if (only !== undefined && version !== only) return text;
      const edited = text.replace(from, () => to);
      assert.notEqual(edited, text, "the replacement must hit");
      return edited;
    };
  };
}

/** Fragments with other boxes in their traf. */
function withBoxes(make: (own: Chunk) => Uint8Array[]): Change {
  return (changed) => {
    changed.boxes = (own) => [box("moof", box("traf", ...make(own))), box("mdat")];
  };
}

const behind = ({ start, duration }: Chunk): Chunk => ({ start: start + duration, duration });

const cases: readonly RuleCase<Draft>[] = [
  {
    rule: "manifest.root",
    keeps: replacing('MinorVersion="0"', 'MinorVersion="2"'),
    breaks: [
      replacing(' LookAheadFragmentCount="1"', ""),
      replacing('MajorVersion="2"', 'MajorVersion="1"'),
      replacing("</SmoothStreamingMedia>", ""),
    ],
  },
  {
    rule: "stream.attributes",
    keeps: replacing("(video={start time})", "(video={start_time})"),
    breaks: [
      replacing("{bitrate}", "96000"),
      replacing('Name="audio"', 'Name="video"'),
      replacing('Type="audio"', 'Type="sound"'),
    ],
  },
  {
    rule: "stream.counts",
    keeps: replacing(' Chunks="3" QualityLevels="1"', ""),
    breaks: [replacing('Chunks="3"', 'Chunks="4"'), replacing('QualityLevels="1"', 'QualityLevels="2"')],
  },
  {
    rule: "level.attributes",
    keeps: untouched,
    breaks: [
      replacing(' MaxHeight="360"', ""),
      replacing(' SamplingRate="48000"', ""),
      replacing('Index="0"', 'Index="1"'),
    ],
  },
  {
    rule: "level.private-data",
    keeps: untouched,
    breaks: [replacing("0000000168CE", ""), replacing('"1190"', '"119"')],
  },
  {
    rule: "chunk.times",
    keeps: replacing(/ t="100000000"/g, ""),
    breaks: [
      replacing('t="60000000" d="20000000"', 't="60000000" d="19000000"', 0),
      replacing(/d="20000000"\/>\s*<\/S/, 'd="0"/></S', 1),
    ],
  },
  {
    // The last chunk of the first version is in the second as well.
    rule: "update.chunks",
    also: ["chunk.times"],
    keeps: (changed) => {
      changed.versions = [
        [3, 4, 5],
        [3, 4, 5],
      ];
    },
    breaks: [
      (changed) => {
        changed.versions = [
          [3, 4, 5],
          [3, 4],
        ];
      },
      replacing(
        /d="20000000"\/>\n<\/StreamIndex>\n<StreamIndex Type="audio"/,
        'd="30000000"/>\n</StreamIndex>\n<StreamIndex Type="audio"',
        0,
      ),
    ],
  },
  {
    rule: "fragment.there",
    keeps: untouched,
    breaks: [
      (changed) => {
        changed.status = 404;
      },
    ],
  },
  {
    rule: "fragment.boxes",
    keeps: withBoxes((own) => [tfxd(own)]),
    breaks: [
      withBoxes((own) => [tfrf([behind(own)])]),
      withBoxes((own) => [tfxd(own), tfrf([]), tfrf([])]),
      (changed) => {
        const before = changed.boxes;
        changed.boxes = (own) => [...before(own), box("free")];
      },
    ],
  },
  {
    rule: "fragment.times",
    keeps: withBoxes((own) => [tfxd(own), tfrf([behind(own), behind(behind(own))])]),
    breaks: [
      withBoxes((own) => [tfxd(behind(own)), tfrf([behind(own)])]),
      withBoxes((own) => [tfxd(own), tfrf([behind(behind(own))])]),
    ],
  },
];

testRules({
  folder: import.meta.dirname,
  rules: smoothRules,
  cases,
  draft,
  lint: (changed) => lintSmooth(observe(changed)),
});
