/** Whole elementary streams of the shared media set, frame by frame against ffprobe's packets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyAdtsHeader, parseAdts } from "./aac/adts.ts";
import { emptyAc3Header, parseAc3 } from "./audio/ac3.ts";
import { emptyEac3Header, parseEac3 } from "./audio/eac3.ts";
import { parseMpa } from "./audio/mpa.ts";
import { emptyAudioFrameHeader } from "./frame.ts";
import { FrameFinder } from "./frame-finder.ts";
import { id3Length } from "./meta/id3.ts";
import { readMedia, readOraclePackets } from "./testing/corpus.ts";

/** `skipped`: bytes that belong to no frame: ID3 tags in the middle, and ffprobe's packets for them. */
const streams: readonly {
  file: string;
  finder: () => {
    next(buf: Uint8Array, at: number): number;
    header: { frameLength: number };
    rubbishBytes: number;
  };
  tags: number;
}[] = [
  { file: "bear.adts", finder: () => new FrameFinder(parseAdts, emptyAdtsHeader), tags: 0 },
  { file: "aacWithId3.aac", finder: () => new FrameFinder(parseAdts, emptyAdtsHeader), tags: 0 },
  { file: "sample_with_id3.adts", finder: () => new FrameFinder(parseAdts, emptyAdtsHeader), tags: 2 },
  { file: "bear.ac3", finder: () => new FrameFinder(parseAc3, emptyAc3Header), tags: 0 },
  { file: "bear.eac3", finder: () => new FrameFinder(parseEac3, emptyEac3Header), tags: 0 },
  { file: "count_english.mp3", finder: () => new FrameFinder(parseMpa, emptyAudioFrameHeader), tags: 0 },
  { file: "count_french.mp3", finder: () => new FrameFinder(parseMpa, emptyAudioFrameHeader), tags: 0 },
];
for (const { file, finder: make, tags } of streams) {
  test(`frames of ${file}`, (t) => {
    const buf = readMedia(`audio-es/${file}`);
    if (buf === undefined) {
      t.skip(`shared media missing: audio-es/${file}`);
      return;
    }
    const finder = make();
    const sizes: number[] = [];
    const first = Math.max(0, id3Length(buf, 0));
    for (let at = finder.next(buf, first); at >= 0; at = finder.next(buf, at + finder.header.frameLength)) {
      sizes.push(finder.header.frameLength);
    }
    const packets = readOraclePackets(`audio-es/${file}`).map((row) => Number(row[4]));
    if (tags === 0) assert.deepEqual(sizes, packets);
    // ffprobe makes packets of the tags in the middle.
    else assert.equal(sizes.length, packets.length - tags);
    if (tags === 0) assert.equal(finder.rubbishBytes, 0);
  });
}
