import assert from "node:assert/strict";
import { test } from "node:test";
import {
  boxTree,
  EVENT_DURATION_UNKNOWN,
  formatBoxTree,
  fragmentHead,
  nodesAt,
  type Sample,
  segmentIndex,
  type TrackRun,
  wordsOf,
} from "../index.ts";
import { hex } from "../media.test-support.ts";

const KEY = 0x02000000;
const DELTA = 0x01010000;

function sample(fields: Partial<Sample>): Sample {
  return { durationTicks: 3600, compositionOffsetTicks: 0, key: false, size: 100, ...fields };
}

/** The boxes of a fragment whose data are zeros. */
function fragment(...runs: TrackRun[]) {
  const head = fragmentHead({ sequence: 7, runs });
  const bytes = runs.flatMap(({ samples }) => samples).reduce((sum, { size }) => sum + size, 0);
  const tree = boxTree(Buffer.concat([head, Buffer.alloc(bytes)]));
  const trafs = nodesAt(tree, "moof/traf").map(({ children }) => {
    const words = Object.fromEntries(children.map((node) => [node.type, wordsOf(node)]));
    const flags = Object.fromEntries(children.map((node) => [node.type, node.flags]));
    return { words, flags };
  });
  return { head, tree, trafs };
}

test("samples that are alike: all is said once (§8.8.7, §8.8.8)", () => {
  const samples = [sample({ key: true }), sample({ key: true }), sample({ key: true })];
  const { head, tree, trafs } = fragment({ trackId: 2, baseDecodeTime: 2 ** 40 + 5, samples });
  assert.equal(
    formatBoxTree(tree),
    "moof 100\n  mfhd 16 v0 0\n  traf 76\n    tfhd 28 v0 20038\n    tfdt 20 v1 0\n    trun 20 v1 1\nmdat 308\n",
  );
  assert.deepEqual(wordsOf(nodesAt(tree, "moof/mfhd")[0]!), [7]);
  const [{ words }] = trafs as [(typeof trafs)[0]];
  assert.deepEqual(words["tfhd"], [2, 3600, 100, KEY]);
  assert.deepEqual(words["tfdt"], [2 ** 8, 5]);
  assert.deepEqual(words["trun"], [3, head.length]);
});

test("a key frame and pictures behind it: its flags stand before the others", () => {
  const samples = [sample({ key: true, size: 9 }), sample({}), sample({})];
  const [traf] = fragment({ trackId: 1, baseDecodeTime: 0, samples }).trafs;
  assert.deepEqual([traf!.flags["tfhd"], traf!.flags["trun"]], [0x20028, 0x205]);
  assert.deepEqual(traf!.words["tfhd"], [1, 3600, DELTA]);
  assert.deepEqual(traf!.words["trun"]!.slice(2), [KEY, 9, 100, 100]);
});

test("composition offsets, negative ones too; flags of each sample", () => {
  const samples = [
    sample({ key: true, compositionOffsetTicks: 3600 }),
    sample({ compositionOffsetTicks: -1800, disposable: true }),
    sample({ durationTicks: 3601 }),
  ];
  const [traf] = fragment({ trackId: 1, baseDecodeTime: 0, samples }).trafs;
  assert.deepEqual([traf!.flags["tfhd"], traf!.flags["trun"]], [0x20010, 0xd01]);
  assert.deepEqual(traf!.words["trun"]!.slice(2), [
    ...[3600, KEY, 3600],
    ...[3600, DELTA | 0x00800000, 2 ** 32 - 1800],
    ...[3601, DELTA, 0],
  ]);
});

test("several runs: data offsets count from moof, run by run", () => {
  const one = { trackId: 1, baseDecodeTime: 10, samples: [sample({ size: 11 }), sample({ size: 12 })] };
  const none = { trackId: 3, baseDecodeTime: 30, samples: [] };
  const two = { trackId: 2, baseDecodeTime: 20, samples: [sample({ size: 5 })] };
  const { head, trafs } = fragment(one, none, two);
  assert.equal(trafs[0]!.words["trun"]![1], head.length);
  assert.equal(trafs[1]!.words["trun"], undefined);
  assert.equal(trafs[2]!.words["trun"]![1], head.length + 23);
});

test("mdat beyond 4 GiB has a size of 64 bits, and the data begin behind it", () => {
  const size = 2 ** 31;
  const runs = [{ trackId: 1, baseDecodeTime: 0, samples: [sample({ size }), sample({ size })] }];
  const head = fragmentHead({ sequence: 1, runs });
  assert.equal(hex(head.subarray(-16)), "000000016d6461740000000100000010");
  const trun = nodesAt(boxTree(head.subarray(0, -16)), "moof/traf/trun")[0]!;
  assert.equal(wordsOf(trun)[1], head.length);
});

test("styp, prft and emsg come before moof; the offset counts from moof alone", () => {
  const data = Uint8Array.of(1, 2, 3);
  const event = {
    ...{ schemeIdUri: "urn:scte:scte35:2013:bin", value: "1", timescale: 90_000, presentationTime: 2 ** 35 },
    ...{ durationTicks: EVENT_DURATION_UNKNOWN, id: 9, data },
  };
  const runs = [{ trackId: 1, baseDecodeTime: 0, samples: [sample({ size: 0 })] }];
  // 1970 is 2,208,988,800 s into NTP's count; half a second is half of 2³².
  const producerTime = { trackId: 1, ntpMs: 1500, mediaTime: 2 ** 33, flags: 24 };
  const head = fragmentHead({ sequence: 1, styp: ["msdh", "cmfs"], producerTime, events: [event], runs });
  const tree = boxTree(head);
  assert.deepEqual(
    tree.map(({ type, version, flags }) => [type, version, flags]),
    [
      ["styp", undefined, undefined],
      ["prft", 1, 24],
      ["emsg", 1, 0],
      ["moof", undefined, undefined],
      ["mdat", undefined, undefined],
    ],
  );
  assert.equal(Buffer.from(tree[0]!.payload).toString("latin1"), "msdh\0\0\0\0msdhcmfs");
  assert.deepEqual(wordsOf(tree[1]!), [1, 2_208_988_801, 2 ** 31, 2, 0]);
  assert.deepEqual(wordsOf(tree[2]!).slice(0, 5), [90_000, 8, 0, 0xffffffff, 9]);
  assert.equal(
    Buffer.from(tree[2]!.payload.subarray(20)).toString("latin1"),
    "urn:scte:scte35:2013:bin\x001\0\x01\x02\x03",
  );
  const moof = tree[3]!;
  assert.equal(wordsOf(nodesAt(tree, "moof/traf/trun")[0]!)[1], moof.size + 8);
});

test("sidx (§8.16.3)", () => {
  const bytes = segmentIndex({
    ...{ trackId: 1, timescale: 48_000, earliestPresentationTime: 2 ** 33 + 1, firstOffset: 16 },
    references: [
      { size: 1000, durationTicks: 96_000, startsWithSap: true, sapType: 1 },
      { size: 44, durationTicks: 48_000, startsWithSap: false, isIndex: true },
    ],
  });
  const [sidx] = boxTree(bytes);
  assert.deepEqual([sidx!.type, sidx!.version, sidx!.size], ["sidx", 1, bytes.length]);
  assert.deepEqual(wordsOf(sidx!), [
    ...[1, 48_000, 2, 1, 0, 16, 2],
    ...[1000, 96_000, 0x90000000],
    ...[0x80000000 + 44, 48_000, 0],
  ]);
});
