import assert from "node:assert/strict";
import { test } from "node:test";
import type { Track } from "@millrace/model";
import { boxTree, formatBoxTree, initSegment, nodesAt, timescaleOf, wordsOf } from "../index.ts";
import { bytesOf, collect, feed, hex } from "../media.test-support.ts";
import { AAC, AVC_RECORD, H264, OPUS, WEBVTT } from "../tracks.test-support.ts";

function init(...tracks: Track[]): Uint8Array {
  return initSegment(tracks.map((track) => ({ trackId: track.id, track, timescale: timescaleOf(track) })));
}

const VIDEO_TREE = `ftyp 28
moov 651
  mvhd 108 v0 0
  trak 495
    tkhd 92 v0 7
    mdia 395
      mdhd 32 v0 0
      hdlr 45 v0 0
      minf 310
        vmhd 20 v0 1
        dinf 36
          dref 28 v0 0
            url  12 v0 1
        stbl 246
          stsd 170 v0 0
            avc1 154
              avcC 49
              colr 19
          stts 16 v0 0
          stsc 16 v0 0
          stsz 20 v0 0
          stco 16 v0 0
  mvex 40
    trex 32 v0 0
`;

test("a CMAF header: boxes and their order (ISO/IEC 23000-19 Table 3)", () => {
  const colour = { primaries: 9, transfer: 16, matrix: 9, fullRange: true };
  const bytes = init({ ...H264, video: { ...H264.video!, colour } });
  assert.equal(formatBoxTree(boxTree(bytes)), VIDEO_TREE);
  const [colr] = nodesAt(boxTree(bytes), "moov/trak/mdia/minf/stbl/stsd/avc1/colr");
  assert.equal(hex(colr!.payload), `${hex(Buffer.from("nclx"))}00090010000980`);
});

test("ftyp: brands by the number of tracks", () => {
  assert.equal(hex(init(H264).subarray(8, 28)), "69736f36000000006973 6f36636d66636d703431".replace(" ", ""));
  assert.equal(hex(init(H264, AAC).subarray(8, 24)), "69736f360000000069736f366d703431");
});

test("mvhd, tkhd, mdhd, trex: fields where the clauses have them", () => {
  const tree = boxTree(init(H264, AAC));
  // §8.2.2: times, timescale, duration, rate 1, volume 1, matrix, next track.
  const mvhd = wordsOf(nodesAt(tree, "moov/mvhd")[0]!);
  assert.deepEqual(mvhd.slice(0, 6), [0, 0, 1000, 0, 0x10000, 0x01000000]);
  assert.deepEqual(mvhd.slice(8, 17), [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]);
  assert.equal(mvhd.at(-1), 3);
  const [video, audio] = nodesAt(tree, "moov/trak/tkhd").map(wordsOf);
  // §8.3.2: times, id, -, duration, -, -, layer and group, volume, matrix, width, height.
  assert.deepEqual(video!.slice(0, 9), [0, 0, 1, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(video!.slice(-2), [768 << 16, 320 << 16]);
  assert.deepEqual([audio![2], audio![8], ...audio!.slice(-2)], [2, 0x01000000, 0, 0]);
  const media = nodesAt(tree, "moov/trak/mdia/mdhd").map(wordsOf);
  // §8.4.2: "und" is 0x55c4; "deu" is 4, 5, 21.
  assert.deepEqual(media, [
    [0, 0, 90_000, 0, 0x55c40000],
    [0, 0, 44_100, 0, ((4 << 10) | (5 << 5) | 21) << 16],
  ]);
  const trex = nodesAt(tree, "moov/mvex/trex").map(wordsOf);
  assert.deepEqual(trex, [
    [1, 1, 0, 0, 0],
    [2, 1, 0, 0, 0],
  ]);
});

test("tkhd: width as shown, for samples that are not square; pasp says why", () => {
  const tree = boxTree(init({ ...H264, video: { ...H264.video!, width: 720, sar: { num: 16, den: 11 } } }));
  const [width, height] = wordsOf(nodesAt(tree, "moov/trak/tkhd")[0]!).slice(-2);
  assert.equal(width, Math.round((720 * 65_536 * 16) / 11));
  assert.equal(height, 320 << 16);
  const [pasp] = nodesAt(tree, "moov/trak/mdia/minf/stbl/stsd/avc1/pasp");
  assert.deepEqual(wordsOf(pasp!), [16, 11]);
});

test("avc1 and mp4a: the sample entries byte by byte (§12.1.3, §12.2.3)", () => {
  const tree = boxTree(init(H264, AAC));
  const [avc1] = nodesAt(tree, "moov/trak/mdia/minf/stbl/stsd/avc1");
  const visual = `000000000000 0001 ${"00".repeat(16)} 0300 0140 00480000 00480000 00000000 0001 ${"00".repeat(32)} 0018 ffff`;
  assert.equal(hex(avc1!.payload), visual.replaceAll(" ", ""));
  assert.equal(hex(avc1!.children[0]!.payload), hex(AVC_RECORD));
  const [mp4a] = nodesAt(tree, "moov/trak/mdia/minf/stbl/stsd/mp4a");
  const audio = "000000000000 0001 0000000000000000 0002 0010 0000 0000 ac44 0000";
  assert.equal(hex(mp4a!.payload), audio.replaceAll(" ", ""));
  // ISO/IEC 14496-1 §7.2.6: ES, decoder config of type 0x40 and stream 0x15, its AudioSpecificConfig, SL predefined 2.
  const esds = `03 80808022 0000 00 04 80808014 40 15 000000 00000000 00000000 05 80808002 1210 06 80808001 02`;
  assert.equal(hex(mp4a!.children[0]!.payload), esds.replaceAll(" ", ""));
});

test("WebVTT: handler, header, entry; a language of more than three letters (§8.4.6)", () => {
  const tree = boxTree(init(WEBVTT));
  const [hdlr] = nodesAt(tree, "moov/trak/mdia/hdlr");
  assert.equal(hex(hdlr!.payload.subarray(4, 8)), hex(Buffer.from("text")));
  assert.equal(nodesAt(tree, "moov/trak/mdia/minf/nmhd").length, 1);
  const [vttC] = nodesAt(tree, "moov/trak/mdia/minf/stbl/stsd/wvtt/vttC");
  assert.equal(Buffer.from(vttC!.payload).toString(), "WEBVTT");
  const [elng] = nodesAt(tree, "moov/trak/mdia/elng");
  assert.equal(Buffer.from(elng!.payload).toString(), "de-AT\0");
});

test("what is written is read again: tracks of every kind", () => {
  const { reader, changes } = collect();
  feed(reader, init(H264, AAC, { ...OPUS, codecString: "opus" }, { ...WEBVTT, codecString: "wvtt" }), 11);
  const [tracks] = changes;
  assert.deepEqual(
    tracks!.map(({ id, kind, codec, codecString, language }) => [id, kind, codec, codecString, language]),
    [
      [1, "video", "h264", "avc1.640020", undefined],
      [2, "audio", "aac", "mp4a.40.2", "deu"],
      [3, "audio", "opus", "opus", undefined],
      [4, "subtitle", "webvtt", "wvtt", "de-AT"],
    ],
  );
  assert.deepEqual(tracks![0]!.config, AVC_RECORD);
});

test("fLaC: the entry tells the bits of a sample, and a part of the rate that it has room for", () => {
  // Blocks of 4096, 96 kHz, 2 channels, 24 bits.
  const info = "10001000 000000000000 17700 37 000000000".replaceAll(" ", "").padEnd(68, "0");
  const config = bytesOf(`00000000 80000022 ${info}`);
  const track: Track = { ...AAC, codec: "flac", config, audio: { sampleRate: 96_000, channels: 2 } };
  const [entry] = nodesAt(boxTree(init(track)), "moov/trak/mdia/minf/stbl/stsd/fLaC");
  assert.equal(hex(entry!.payload.subarray(16)), "000200180000 0000bb800000".replace(" ", ""));
  assert.equal(hex(entry!.children[0]!.payload), hex(config.subarray(4)));
});

test("hvc1: its arrays are marked complete", () => {
  const config = Uint8Array.from(
    Buffer.from(
      "01016000000090000000000078f000fcfdf8f800000f03" +
        "2000010003400102" +
        "2100010003420103" +
        "2200010003440104",
      "hex",
    ),
  );
  const tree = boxTree(init({ ...H264, codec: "h265", config }));
  const [hvcC] = nodesAt(tree, "moov/trak/mdia/minf/stbl/stsd/hvc1/hvcC");
  const { payload } = hvcC!;
  assert.deepEqual([payload[23], payload[31], payload[39]], [0xa0, 0xa1, 0xa2]);
  assert.equal(config[23], 0x20);
});

test("what cannot be stored is refused", () => {
  const { config: _, ...bare } = H264;
  for (const track of [bare, { ...H264, codec: "dvbsub", kind: "subtitle" } as const]) {
    assert.throws(() => init(track), { code: "isobmff.unstorable", kind: "bug" });
  }
  assert.throws(() => init(), { code: "isobmff.no-track" });
});
