import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { adtsFields, writeAdtsHeader } from "../aac/adts.ts";
import { buildAudioSpecificConfig, parseAudioSpecificConfig } from "../aac/audio-specific-config.ts";
import { PackedAudioReader, type PackedTrack, sniffPackedAudio } from "./packed-audio.ts";

const CONFIG = parseAudioSpecificConfig(
  buildAudioSpecificConfig({ objectType: 2, sampleRate: 48_000, channelConfig: 2 }),
);

/** An ADTS frame with so many bytes of payload, each `fill`. */
function aacFrame(payload: number, fill: number): Uint8Array {
  assert.ok(CONFIG !== undefined);
  const frame = new Uint8Array(7 + payload).fill(fill);
  writeAdtsHeader(frame, adtsFields(CONFIG), payload);
  return frame;
}

/** MPEG-1 layer III, 128 kbit/s at 44.1 kHz: 417 bytes. */
function mp3Frame(fill: number): Uint8Array {
  const frame = new Uint8Array(417).fill(fill);
  frame.set([0xff, 0xfb, 0x90, 0x00]);
  return frame;
}

function id3(size: number): Uint8Array {
  const tag = new Uint8Array(10 + size);
  tag.set([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, size >> 7, size & 0x7f]);
  return tag;
}

interface Read {
  readonly tracks: PackedTrack[];
  readonly frames: string[];
  readonly tags: number[];
  readonly reader: PackedAudioReader;
}

function read(pieces: readonly Uint8Array[], codec?: "aac" | "mpa"): Read {
  const tracks: PackedTrack[] = [];
  const frames: string[] = [];
  const tags: number[] = [];
  const reader = new PackedAudioReader(
    {
      onTrack: (track) => tracks.push(track),
      onFrame: (data, header) => frames.push(`${data.length}/${data.at(-1)}/${header.samples}`),
      onTag: (tag) => tags.push(tag.length),
    },
    codec,
  );
  for (const piece of pieces) reader.push(piece);
  return { tracks, frames, tags, reader };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

suite("audio without a container", () => {
  test("AAC: raw frames, with what the header says of the track", () => {
    const { tracks, frames, reader } = read([joined(aacFrame(20, 1), aacFrame(30, 2))]);
    assert.deepEqual(frames, ["20/1/1024", "30/2/1024"]);
    assert.equal(tracks.length, 1);
    assert.equal(tracks[0]?.codec, "aac");
    assert.equal(tracks[0]?.codecString, "mp4a.40.2");
    assert.equal(tracks[0]?.audio.sampleRate, 48_000);
    assert.equal(tracks[0]?.audio.channels, 2);
    assert.equal(reader.rubbishBytes, 0);
  });

  test("MP3: whole frames", () => {
    const { tracks, frames } = read([joined(mp3Frame(1), mp3Frame(2), mp3Frame(3))]);
    assert.deepEqual(frames, ["417/1/1152", "417/2/1152", "417/3/1152"]);
    assert.equal(tracks[0]?.codec, "mpa");
  });

  test("tags in front and in between are told apart from audio", () => {
    const { frames, tags, reader } = read([
      joined(id3(200), aacFrame(20, 1), aacFrame(20, 2), id3(5), aacFrame(20, 3)),
    ]);
    assert.deepEqual(tags, [210, 15]);
    assert.equal(frames.length, 3);
    assert.equal(reader.rubbishBytes, 0);
  });

  test("what is no frame is counted, wherever it stands", () => {
    const rubbish = new Uint8Array(100).fill(0x55);
    const { frames, reader } = read([
      joined(rubbish, aacFrame(20, 1), aacFrame(20, 2), rubbish, aacFrame(20, 3)),
    ]);
    assert.equal(frames.length, 3);
    assert.equal(reader.rubbishBytes, 200);
  });

  test("the format may change on the way", () => {
    const mono = mp3Frame(1);
    mono[3] = 0xc0;
    const { tracks } = read([joined(mp3Frame(1), mp3Frame(1), mono, mono)]);
    assert.deepEqual(
      tracks.map(({ audio }) => audio.channels),
      [2, 1],
    );
  });

  test("property: any split of the bytes gives the same frames", () => {
    const whole = joined(
      id3(40),
      new Uint8Array(9),
      aacFrame(20, 1),
      aacFrame(300, 2),
      id3(3),
      aacFrame(7, 3),
      aacFrame(9, 4),
    );
    const expected = read([whole]);
    assert.equal(expected.frames.length, 4);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 20 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const got = read(at.slice(1).map((end, i) => whole.subarray(at[i], end)));
        assert.deepEqual(got.frames, expected.frames);
        assert.deepEqual(got.tags, expected.tags);
        assert.equal(got.reader.rubbishBytes, expected.reader.rubbishBytes);
      }),
    );
  });

  test("fuzz: whatever comes, it neither throws nor hands on what was not there", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), (pieces) => {
        const { frames, reader } = read(pieces);
        const total = pieces.reduce((sum, { length }) => sum + length, 0);
        const taken = frames.reduce((sum, frame) => sum + Number.parseInt(frame, 10), 0);
        assert.ok(taken + reader.rubbishBytes <= total);
      }),
    );
  });

  const sniffs: readonly [bytes: number[], codec: string | undefined][] = [
    [[0xff, 0xf1, 0, 0, 0, 0], "aac"],
    [[0xff, 0xf9, 0, 0, 0, 0], "aac"],
    [[0xff, 0xfb, 0, 0, 0, 0], "mpa"],
    [[0xff, 0xe3, 0, 0, 0, 0], "mpa"],
    [[0x0b, 0x77, 0, 0, 0, 0x40], "ac3"],
    [[0x0b, 0x77, 0, 0, 0, 0x80], "eac3"],
    [[0x47, 0x40, 0, 0, 0, 0], undefined],
    [[], undefined],
  ];
  for (const [bytes, codec] of sniffs) {
    test(`begins with ${bytes.map((byte) => byte.toString(16)).join(" ")}: ${codec}`, () => {
      assert.equal(sniffPackedAudio(Uint8Array.from(bytes), 0), codec);
    });
  }
});
