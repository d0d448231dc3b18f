import assert from "node:assert/strict";
import { test } from "node:test";
import { u32be, u64be } from "@millrace/bytes";
import { FlvReader } from "@millrace/flv";
import { boxTree, nodesAt } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";
import { hdsFragment } from "./hds-fragment.ts";
import type { SegmentUnits } from "./segment-units.ts";
import { addToTrackFragment, tfrfBox, tfxdBox } from "./smooth-boxes.ts";
import { smoothFragment } from "./smooth-fragment.ts";

const ZERO_S = 1_795_281_000;
const ZERO = ZERO_S * 90_000;
const AVCC = Uint8Array.from(Buffer.from("0142c00dffe1000a6742c00dda0507e8400001000468ce3c80", "hex"));
const VIDEO: Track = {
  id: 1,
  kind: "video",
  codec: "h264",
  timescale: 90_000,
  config: AVCC,
  video: { width: 320, height: 240, profile: 66, level: 13 },
};
const AUDIO: Track = {
  id: 1,
  kind: "audio",
  codec: "aac",
  timescale: 48_000,
  config: Uint8Array.of(0x11, 0x90),
  audio: { sampleRate: 48_000, channels: 2, frameSamples: 1024, profile: 2 },
};

function unit(ms: number, data: number[], key = true, compositionMs = 0): AccessUnit {
  const dts = ZERO + ms * 90;
  const bytes = [Uint8Array.from(data)];
  return { track: 1, dts, pts: dts + compositionMs * 90, key, discontinuity: false, data: bytes, wallMs: 0 };
}

const PICTURES: SegmentUnits = {
  track: VIDEO,
  units: [
    unit(60_000, [0, 0, 0, 2, 0x65, 1], true, 40),
    unit(60_040, [0, 0, 0, 3, 0x41, 2, 3], false),
    unit(60_080, [0, 0, 0, 2, 0x41, 4], false, 80),
  ],
};
const SOUND: SegmentUnits = { track: AUDIO, units: [unit(60_010, [7, 8]), unit(60_050, [9])] };

test("a Smooth fragment is one moof with its times and the next one's, and the samples", () => {
  const time = { startTicks: 600_000_000, durationTicks: 1_200_000 };
  const next = [{ startTicks: 601_200_000, durationTicks: 20_000_000 }];
  const bytes = smoothFragment(PICTURES, { time, next, sequence: 5, zeroS: ZERO_S });
  const tree = boxTree(bytes);
  assert.deepEqual(
    tree.map(({ type }) => type),
    ["moof", "mdat"],
  );
  const [moof, mdat] = tree;
  const [trun] = nodesAt(tree, "moof/traf/trun");
  const offset = u32be(trun?.payload ?? new Uint8Array(8), 4);
  assert.equal(offset, (moof?.size ?? 0) + 8, "the data begin behind the head of mdat");
  assert.equal(mdat?.size, 8 + 6 + 7 + 6);
  assert.deepEqual([...bytes.subarray(offset, offset + 6)], [0, 0, 0, 2, 0x65, 1]);
  const [tfxd, tfrf] = nodesAt(tree, "moof/traf/uuid");
  const timesAt = (at: number): number[] => [u64be(bytes, at), u64be(bytes, at + 8)];
  assert.deepEqual(timesAt((tfxd?.at ?? 0) + 28), [600_000_000, 1_200_000]);
  assert.equal(bytes[(tfrf?.at ?? 0) + 28], 1);
  assert.deepEqual(timesAt((tfrf?.at ?? 0) + 29), [601_200_000, 20_000_000]);
  const [tfdt] = nodesAt(tree, "moof/traf/tfdt");
  assert.equal(u64be(tfdt?.payload ?? new Uint8Array(8), 0), 600_000_000);
});

test("boxes can be put only into a track fragment", () => {
  const box = tfxdBox({ startTicks: 1, durationTicks: 2 });
  assert.throws(() => addToTrackFragment(tfrfBox([]), [box]), RangeError);
});

test("an HDS fragment is an mdat of FLV tags: the sequence headers, then picture and sound in order of time", () => {
  const bytes = hdsFragment([PICTURES, SOUND], ZERO_S);
  assert.equal(u32be(bytes, 0), bytes.length);
  assert.equal(Buffer.from(bytes.subarray(4, 8)).toString("latin1"), "mdat");
  const tags: [number, number, number][] = [];
  const reader = new FlvReader({
    onTag: (type, timestampMs, body) => tags.push([type, timestampMs, body[1] ?? -1]),
  });
  reader.push(Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0));
  reader.push(bytes.subarray(8));
  assert.deepEqual(tags, [
    [9, 60_000, 0],
    [8, 60_000, 0],
    [9, 60_000, 1],
    [8, 60_010, 1],
    [9, 60_040, 1],
    [8, 60_050, 1],
    [9, 60_080, 1],
  ]);
});
