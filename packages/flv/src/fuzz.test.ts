/** No bytes make a reader throw anything but its own errors, hang, or point outside its input. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parseAmf0, serializeAmf0 } from "./amf0.ts";
import { parseAmf3, serializeAmf3 } from "./amf3.ts";
import { parseAudioBody, parseMultichannelConfig } from "./audio-body.ts";
import { AmfProblem, FlvProblem } from "./errors.ts";
import { bytesOf, collect } from "./media.test-support.ts";
import { FlvMuxer } from "./muxer.ts";
import { FLV_AUDIO, FLV_SCRIPT, FLV_VIDEO, FlvReader, flvTag } from "./tag.ts";
import { parseVideoBody } from "./video-body.ts";

const FOLDER = join(import.meta.dirname, "corpus");
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".hex"));

function seeds(kind: string): Uint8Array[] {
  const found = names.filter((name) => name.startsWith(`${kind}-`));
  assert.ok(found.length > 0, kind);
  return found.map((name) => bytesOf(readFileSync(join(FOLDER, name), "utf8")));
}

/** The tags of the files in the corpus. */
const tags: { type: number; timestampMs: number; body: Uint8Array }[] = [];
for (const file of seeds("file")) {
  const reader = new FlvReader({
    onTag: (type, timestampMs, body) => tags.push({ type, timestampMs, body: body.slice() }),
  });
  reader.push(file);
  assert.equal(reader.wrongSizes, 0);
}
const bodies = (type: number) => tags.filter((tag) => tag.type === type).map(({ body }) => body);

/** A seed with bytes overwritten, taken out and put in, cut at the end; or plain noise. */
function mutated(list: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.record({ at: fc.nat(2000), byte: fc.nat(255), how: fc.nat(3) }), {
    maxLength: 6,
  });
  const broken = fc.tuple(fc.constantFrom(...list), edits, fc.nat(3000)).map(([seed, changes, length]) => {
    const bytes = [...seed];
    for (const { at, byte, how } of changes) {
      const index = at % Math.max(1, bytes.length);
      if (how === 0) bytes.splice(index, 1);
      else if (how === 1) bytes.splice(index, 0, byte);
      else bytes[index] = how === 2 ? byte : (bytes[index] ?? 0) ^ (1 << (byte & 7));
    }
    return Uint8Array.from(bytes.slice(0, length));
  });
  return fc.oneof(
    { weight: 5, arbitrary: broken },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}

function fuzz(name: string, list: readonly Uint8Array[], check: (bytes: Uint8Array) => void): void {
  test(`fuzz: ${name}`, () => {
    for (const seed of list) check(seed);
    fc.assert(fc.property(mutated(list), check), { numRuns: 3000 });
  });
}

/** What can be read can be written and read again; what cannot ends in an AmfProblem. */
function amf(parse: typeof parseAmf0, serialize: typeof serializeAmf0) {
  return (bytes: Uint8Array) => {
    try {
      const { values } = parse(bytes);
      const again = serialize(values);
      assert.deepEqual(serialize(parse(again).values), again);
    } catch (error) {
      if (!(error instanceof AmfProblem)) throw error;
      assert.equal(error.kind, "violation");
    }
  };
}
fuzz("AMF0", [...seeds("amf0"), ...bodies(FLV_SCRIPT)], amf(parseAmf0, serializeAmf0));
fuzz("AMF3", seeds("amf3"), amf(parseAmf3, serializeAmf3));

/** Views of parts lie in the body. */
function inside(part: Uint8Array, body: Uint8Array): void {
  assert.equal(part.buffer, body.buffer);
  const from = part.byteOffset - body.byteOffset;
  assert.ok(from >= 0 && from + part.length <= body.length);
}

const videoBodies = [...seeds("video"), ...bodies(FLV_VIDEO)];
fuzz("video bodies", videoBodies, (bytes) => {
  const parts = parseVideoBody(bytes);
  assert.equal(parts.length === 0, bytes.length === 0);
  for (const { data, compositionMs, nanos } of parts) {
    inside(data, bytes);
    assert.ok(Math.abs(compositionMs) <= 0x800000 && nanos >= 0 && nanos < 1e6);
  }
});

const audioBodies = [...seeds("audio"), ...bodies(FLV_AUDIO)];
fuzz("audio bodies", audioBodies, (bytes) => {
  const parts = parseAudioBody(bytes);
  assert.equal(parts.length === 0, bytes.length === 0);
  for (const { data, nanos } of parts) {
    inside(data, bytes);
    assert.ok(nanos >= 0 && nanos < 1e6);
    parseMultichannelConfig(data);
  }
});

test("fuzz: files in any pieces", () => {
  const property = fc.property(mutated(seeds("file")), fc.integer({ min: 1, max: 3000 }), (bytes, piece) => {
    const run = (size: number) => {
      const out: string[] = [];
      const reader = new FlvReader({
        maxBodyBytes: 4096,
        onTag: (type, stamp, body) => out.push(`${type} ${stamp} ${body.length}`),
      });
      try {
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      } catch (error) {
        if (!(error instanceof FlvProblem)) throw error;
        out.push(error.code);
      }
      return out;
    };
    assert.deepEqual(run(piece), run(bytes.length));
  });
  fc.assert(property, { numRuns: 500 });
});

const message = fc.record({
  video: fc.boolean(),
  videoBody: mutated(videoBodies),
  audioBody: mutated(audioBodies),
  stamp: fc.oneof(fc.nat(5000), fc.nat(2 ** 32 - 1)),
});

test("fuzz: messages through demultiplexer and multiplexer", () => {
  let seen = 0;
  const property = fc.property(fc.array(message, { maxLength: 30, size: "max" }), (messages) => {
    const { demuxer, units, changes, order } = collect();
    for (const { video, videoBody, audioBody, stamp } of messages) {
      if (video) demuxer.video(videoBody, stamp);
      else demuxer.audio(audioBody, stamp);
    }
    demuxer.flush();
    assert.ok(units.length === 0 || order[0] === "tracks");
    const last = new Map<number, number>();
    for (const { track, pts, dts, discontinuity, bytes } of units) {
      assert.ok(Number.isSafeInteger(pts) && Number.isSafeInteger(dts) && bytes.length > 0);
      assert.ok(discontinuity || dts >= (last.get(track) ?? dts));
      last.set(track, dts);
    }
    seen += units.length;
    const known = new Set(changes.flatMap((tracks) => tracks.map(({ id }) => id)));
    assert.ok(units.every(({ track }) => known.has(track)));
    const muxer = new FlvMuxer({ enhanced: true, multitrack: true });
    for (const tracks of changes) {
      muxer.setTracks(tracks);
      muxer.metadata();
      muxer.configs();
    }
    for (const { bytes, ...unit } of units) {
      const made = muxer.unit({ ...unit, data: [bytes] });
      if (made !== undefined) flvTag(made.type, made.timestampMs, made.body);
    }
  });
  fc.assert(property, { numRuns: 1000 });
  assert.ok(seen > 100, `${seen} units`);
});

test("fuzz: whole recordings with broken tags in them", () => {
  const property = fc.property(
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(255)), { maxLength: 8 }),
    (edits) => {
      const { demuxer } = collect();
      const broken = tags.map((tag) => ({ ...tag, body: tag.body.slice() }));
      for (const [which, at, byte] of edits) {
        const { body } = broken[which % broken.length]!;
        if (body.length > 0) body[at % body.length] = byte;
      }
      for (const { type, body, timestampMs } of broken) {
        if (type === FLV_VIDEO) demuxer.video(body, timestampMs);
        else if (type === FLV_AUDIO) demuxer.audio(body, timestampMs);
      }
      demuxer.flush();
    },
  );
  fc.assert(property, { numRuns: 100 });
});
