/** Files that other programs wrote, against ffprobe's reading of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, feed, hex, missing, oraclePackets, sharedMedia } from "./media.test-support.ts";
import { FlvMuxer } from "./muxer.ts";
import { flvHeader, flvTag } from "./tag.ts";

for (const name of ["avatar", "sample"]) {
  const path = `flv/${name}.flv`;
  test(`${path}: every packet as ffprobe has it, in pieces of any size`, (t) => {
    const file = sharedMedia(path);
    if (file === undefined) return t.skip(missing(path));
    for (const piece of [file.length, 1000, 7]) {
      const { demuxer, units, problems } = collect();
      const reader = feed(demuxer, file, piece);
      assert.deepEqual([problems, reader.wrongSizes, demuxer.counters.dropped], [[], 0, 0]);
      for (const stream of [0, 1]) {
        const ours = units.filter(({ track }) => track === stream + 1);
        const wanted = oraclePackets(path, stream);
        // Sound has the times of its samples: within the millisecond that the stamps are good for.
        const slack = stream === 0 ? 0 : 1;
        const near = (ticks: number, ms: number | undefined): number | undefined =>
          ms !== undefined && Math.abs(ticks / 90 - ms) <= slack ? ms : ticks / 90;
        assert.deepEqual(
          ours.map(({ pts, dts, bytes, key }, i) => {
            const times = { pts: near(pts, wanted[i]?.pts), dts: near(dts, wanted[i]?.dts) };
            return { ...times, size: bytes.length, key };
          }),
          wanted,
        );
        assert.ok(ours.every(({ discontinuity }) => !discontinuity));
      }
    }
  });
}

test("flv/avatar.flv: the tracks", (t) => {
  const file = sharedMedia("flv/avatar.flv");
  if (file === undefined) return t.skip(missing("flv/avatar.flv"));
  const { demuxer, changes } = collect();
  feed(demuxer, file);
  assert.equal(changes.length, 1);
  const [video, audio] = changes[0]!;
  assert.deepEqual([video?.codec, video?.codecString], ["h264", "avc1.640020"]);
  assert.deepEqual([video?.video?.width, video?.video?.height], [768, 320]);
  assert.deepEqual(video?.video?.frameRate, { num: 25, den: 1 });
  assert.equal(video?.config?.length, 41);
  assert.deepEqual([audio?.codec, audio?.codecString], ["aac", "mp4a.40.2"]);
  assert.deepEqual(audio?.audio, { sampleRate: 44_100, channels: 2, frameSamples: 1024, profile: 2 });
});

test("flv/testsrc.flv: AV1 and Opus of Enhanced RTMP", (t) => {
  const file = sharedMedia("flv/testsrc.flv");
  if (file === undefined) return t.skip(missing("flv/testsrc.flv"));
  const { demuxer, units, changes, problems } = collect();
  feed(demuxer, file);
  assert.deepEqual(problems, []);
  const [video, audio] = changes.at(-1)!;
  assert.deepEqual([video?.codec, video?.codecString], ["av1", "av01.1.04M.08"]);
  assert.deepEqual([video?.video?.width, video?.video?.height, video?.video?.chroma], [980, 540, "4:4:4"]);
  assert.deepEqual([audio?.codec, audio?.audio?.channels], ["opus", 1]);
  const pictures = units.filter(({ track }) => track === 1);
  assert.deepEqual([pictures.length, units.length - pictures.length], [300, 501]);
  assert.deepEqual([pictures[0]!.key, pictures[0]!.dts, pictures[1]!.key], [true, 7 * 90, false]);
  // No temporal delimiter.
  assert.ok(pictures.every(({ bytes }) => bytes[0] !== 0x12));
});

test("flv/bear.flv: codecs that nothing here can read are counted", (t) => {
  const file = sharedMedia("flv/bear.flv");
  if (file === undefined) return t.skip(missing("flv/bear.flv"));
  const { demuxer, units, changes, problems } = collect();
  feed(demuxer, file);
  assert.deepEqual([units.length, changes.length, demuxer.counters.dropped], [0, 0, 53]);
  assert.deepEqual(new Set(problems), new Set(["flv.codec"]));
});

for (const name of ["avatar", "sample", "testsrc", "mptestsrc"]) {
  const path = `flv/${name}.flv`;
  test(`${path}: written again, it reads the same`, (t) => {
    const file = sharedMedia(path);
    if (file === undefined) return t.skip(missing(path));
    const before = collect();
    const muxer = new FlvMuxer({ enhanced: true });
    feed(before.demuxer, file);
    muxer.setTracks(before.changes.at(-1)!);
    const parts = [flvHeader(true, true), flvTag(18, 0, muxer.metadata())];
    for (const { type, body } of muxer.configs()) parts.push(flvTag(type, 0, body));
    for (const { bytes, ...unit } of before.units) {
      const made = muxer.unit({ ...unit, data: [bytes] })!;
      assert.ok(Math.abs(made.timestampMs * 90 - unit.dts) <= 45);
      parts.push(flvTag(made.type, made.timestampMs, made.body));
    }
    const after = collect();
    feed(after.demuxer, new Uint8Array(Buffer.concat(parts)));
    const plain = ({ bytes, ...rest }: (typeof before.units)[number]) => ({ ...rest, bytes: hex(bytes) });
    assert.deepEqual(after.units.map(plain), before.units.map(plain));
    assert.deepEqual(after.changes.at(-1), before.changes.at(-1));
  });
}
