import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AudioPart, parseAudioBody, parseMultichannelConfig, serializeAudioBody } from "./audio-body.ts";
import { FlvProblem } from "./errors.ts";
import { fourCcNumber } from "./four-cc.ts";
import { bytesOf, hex } from "./media.test-support.ts";
import { parseVideoBody, serializeVideoBody, type VideoPart } from "./video-body.ts";

type Brief<T> = Partial<Omit<T, "data">> & { data?: string };

/** The fields that `wanted` names, and the data. */
function brief<T extends { data: Uint8Array }>(part: T, wanted: Brief<T>): Brief<T> {
  const fields = Object.fromEntries(Object.keys(wanted).map((key) => [key, part[key as keyof T]]));
  return { ...fields, data: hex(part.data) } as Brief<T>;
}

const HVC1 = "68766331";
const AVC1 = "61766331";
const AV01 = "61763031";

const VIDEO: readonly (readonly [string, string, readonly Brief<VideoPart>[]])[] = [
  ["nothing", "", []],
  ["AVC configuration", "17 00 000000 0164", [legacy({ frameType: 1, packetType: "config", data: "0164" })]],
  [
    "AVC frame, composition time",
    "27 01 000050 aabb",
    [legacy({ frameType: 2, packetType: "frames", compositionMs: 80, data: "aabb" })],
  ],
  ["negative composition time", "27 01 ffffff aa", [legacy({ compositionMs: -1, data: "aa" })]],
  ["least composition time", "27 01 800000", [legacy({ compositionMs: -0x800000, data: "" })]],
  ["AVC end", "17 02 000000", [legacy({ packetType: "end", data: "" })]],
  ["AVC end, cut", "17 02", [legacy({ packetType: "end", data: "" })]],
  ["HEVC with codec id 12", "1c 01 000000 26", [legacy({ codec: "h265", codecId: 12, data: "26" })]],
  ["Sorenson", "22 0000", [legacy({ codec: undefined, codecId: 2, packetType: "frames", data: "0000" })]],
  ["seek command", "57 01", [legacy({ frameType: 5, packetType: "command", data: "01" })]],
  ["AVC cut", "17 01 0000", [legacy({ packetType: "damaged", data: "" })]],
  ["AVC without packet type", "17", [legacy({ packetType: "damaged", data: "" })]],
  ["AVC packet type 9", "17 09 000000", [legacy({ packetType: "unknown", data: "" })]],
  ["HEVC start", `90 ${HVC1} 0101`, [enhanced({ frameType: 1, packetType: "config", data: "0101" })]],
  [
    "HEVC frame",
    `a1 ${HVC1} fffffe 26`,
    [enhanced({ frameType: 2, packetType: "frames", compositionMs: -2, data: "26" })],
  ],
  ["HEVC frame without composition time", `a3 ${HVC1} 26`, [enhanced({ packetType: "frames", data: "26" })]],
  ["HEVC frame cut", `a1 ${HVC1} ff`, [enhanced({ packetType: "damaged", data: "ff" })]],
  ["AVC by FourCC", `91 ${AVC1} 000001 65`, [enhanced({ codec: "h264", compositionMs: 1, data: "65" })]],
  ["AV1 frame", `91 ${AV01} 32`, [enhanced({ codec: "av1", compositionMs: 0, data: "32" })]],
  ["AV1 descriptor", `95 ${AV01} 80`, [enhanced({ codec: "av1", packetType: "ts-config", data: "80" })]],
  ["VVC", "91 76766331 000005 00", [enhanced({ codec: undefined, compositionMs: 5, data: "00" })]],
  ["VP9 end", "92 76703039", [enhanced({ codec: "vp9", packetType: "end", data: "" })]],
  [
    "metadata, whatever the frame type",
    `d4 ${HVC1} 02`,
    [enhanced({ frameType: 5, packetType: "metadata", data: "02" })],
  ],
  [
    "command: no FourCC",
    "d1 00",
    [enhanced({ frameType: 5, codec: undefined, packetType: "command", data: "00" })],
  ],
  ["reserved packet type", `9e ${HVC1} 00`, [enhanced({ packetType: "unknown", data: "00" })]],
  ["FourCC cut", "91 6876", [enhanced({ codec: undefined, packetType: "damaged", data: "" })]],
  ["nanoseconds", `97 02 0f423f 03 ${HVC1} 26`, [enhanced({ nanos: 999_999, data: "26" })]],
  [
    "nanoseconds above a millisecond",
    `97 02 ffffff 03 ${HVC1} 26`,
    [enhanced({ nanos: 999_999, data: "26" })],
  ],
  [
    "unknown modifier of 300 bytes",
    `97 ff 012b ${"aa".repeat(300)} f3 ${HVC1} 26`,
    [enhanced({ nanos: 0, data: "26" })],
  ],
  ["modifier cut", "97 05 00", [enhanced({ codec: undefined, packetType: "damaged", data: "" })]],
  [
    "two modifiers",
    `97 02 000001 f7 02 000002 03 ${HVC1} 26`,
    [enhanced({ nanos: 2, packetType: "frames", data: "26" })],
  ],
  ["one track", `96 03 ${HVC1} 04 26`, [enhanced({ trackId: 4, data: "26" })]],
  [
    "many tracks of a codec",
    `96 11 ${HVC1} 00 000005 000001 aabb 01 000004 fffffe cc`,
    [
      enhanced({ trackId: 0, compositionMs: 1, data: "aabb" }),
      enhanced({ trackId: 1, compositionMs: -2, data: "cc" }),
    ],
  ],
  [
    "many tracks of many codecs",
    `96 20 ${AV01} 00 000001 81 ${HVC1} 01 000000`,
    [
      enhanced({ codec: "av1", trackId: 0, packetType: "config", data: "81" }),
      enhanced({ codec: "h265", trackId: 1, packetType: "config", data: "" }),
    ],
  ],
  [
    "second of many tracks cut",
    `96 13 ${HVC1} 00 000001 aa 01 000009 bb`,
    [enhanced({ trackId: 0, data: "aa" }), enhanced({ packetType: "damaged", data: "" })],
  ],
  ["multitrack in multitrack", `96 06 ${HVC1} 00`, [enhanced({ packetType: "damaged", data: "" })]],
  ["reserved multitrack type", `96 31 ${HVC1} 00`, [enhanced({ packetType: "damaged", data: "" })]],
];

function legacy(part: Brief<VideoPart>): Brief<VideoPart> {
  return { kind: "legacy", codec: "h264", trackId: 0, nanos: 0, fourCc: "", ...part };
}

function enhanced(part: Brief<VideoPart>): Brief<VideoPart> {
  return {
    kind: "enhanced",
    ...("codec" in part || part.packetType === "damaged" ? {} : { codec: "h265" }),
    ...part,
  };
}

for (const [name, body, wanted] of VIDEO) {
  test(`video: ${name}`, () => {
    const parts = parseVideoBody(bytesOf(body));
    assert.equal(parts.length, wanted.length);
    assert.deepEqual(
      parts.map((part, i) => brief(part, wanted[i]!)),
      wanted,
    );
  });
}

const OPUS = "4f707573";
const AUDIO: readonly (readonly [string, string, readonly Brief<AudioPart>[]])[] = [
  ["silence", "", []],
  ["AAC configuration", "af 00 1210", [{ kind: "legacy", codec: "aac", packetType: "config", data: "1210" }]],
  ["AAC frame", "af 01 2110", [{ codec: "aac", packetType: "frames", soundFormat: 10, data: "2110" }]],
  ["AAC without packet type", "af", [{ codec: "aac", packetType: "damaged", data: "" }]],
  ["AAC packet type 7", "af 07 00", [{ codec: "aac", packetType: "unknown", data: "00" }]],
  ["MP3", "2f fffb", [{ codec: "mpa", sampleRate: 44_100, channels: 2, data: "fffb" }]],
  ["MP3, 22 kHz mono", "2a fffb", [{ codec: "mpa", sampleRate: 22_050, channels: 1, data: "fffb" }]],
  ["MP3, 8 kHz", "e2 fffb", [{ codec: "mpa", sampleRate: 8000, channels: 1, data: "fffb" }]],
  ["Speex", "b6 00", [{ codec: undefined, soundFormat: 11, packetType: "frames", data: "00" }]],
  ["Opus start, empty", `90 ${OPUS}`, [{ kind: "enhanced", codec: "opus", packetType: "config", data: "" }]],
  ["Opus frame", `91 ${OPUS} f8`, [{ codec: "opus", packetType: "frames", data: "f8" }]],
  ["end", `92 ${OPUS}`, [{ codec: "opus", packetType: "end", data: "" }]],
  ["channels", `94 ${OPUS} 010100000004`, [{ packetType: "multichannel", data: "010100000004" }]],
  ["reserved", `9f ${OPUS} 00`, [{ packetType: "unknown", data: "00" }]],
  ["unknown FourCC", "91 78787878 00", [{ codec: undefined, fourCc: "xxxx", data: "00" }]],
  ["FLAC", "90 664c6143 00", [{ codec: "flac", data: "00" }]],
  [
    "AC-3, E-AC-3",
    "95 21 61632d33 00 000001 0b 65632d33 01 000001 0c",
    [
      { codec: "ac3", trackId: 0, packetType: "frames", data: "0b" },
      { codec: "eac3", trackId: 1, packetType: "frames", data: "0c" },
    ],
  ],
  [
    "MP3 and AAC by FourCC",
    "95 21 2e6d7033 00 000001 ff 6d703461 01 000001 21",
    [
      { codec: "mpa", trackId: 0, data: "ff" },
      { codec: "aac", trackId: 1, data: "21" },
    ],
  ],
  ["nanoseconds, one track", `97 02 000064 05 01 ${OPUS} 03 f8`, [{ nanos: 100, trackId: 3, data: "f8" }]],
  ["cut", "91 4f70", [{ packetType: "damaged", data: "" }]],
];

for (const [name, body, wanted] of AUDIO) {
  test(`audio: ${name}`, () => {
    const parts = parseAudioBody(bytesOf(body));
    assert.equal(parts.length, wanted.length);
    assert.deepEqual(
      parts.map((part, i) => brief(part, wanted[i]!)),
      wanted,
    );
  });
}

test("multichannel configurations", () => {
  const read = (text: string) => parseMultichannelConfig(bytesOf(text));
  assert.deepEqual(read("00 06"), { channels: 6, map: [], mask: 0 });
  assert.deepEqual(read("01 02 00000003"), { channels: 2, map: [], mask: 3 });
  assert.deepEqual(read("02 02 01 00"), { channels: 2, map: [1, 0], mask: 0 });
  for (const bad of ["", "00", "01 02 0000", "02 03 00 01", "03 02"]) assert.equal(read(bad), undefined);
});

test("not more parts than there are track ids", () => {
  const tracks = (count: number) => bytesOf(`9613${HVC1}${"00000000".repeat(count)}`);
  assert.equal(parseVideoBody(tracks(256)).length, 256);
  const parts = parseVideoBody(tracks(100_000));
  assert.deepEqual([parts.length, parts.at(-1)!.packetType], [257, "damaged"]);
});

/** Frames of each codec in each form are read as they were written. */
test("any video body comes back as it was written", () => {
  const property = fc.property(
    fc.constantFrom("h264", "h265", "av1", "vp9", "vp8"),
    fc.constantFrom("config", "frames", "end", "metadata"),
    fc.record({
      compositionMs: fc.integer({ min: -0x800000, max: 0x7fffff }),
      nanos: fc.nat(999_999),
      trackId: fc.option(fc.nat(255), { nil: undefined }),
      data: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
      key: fc.boolean(),
      wantsLegacy: fc.boolean(),
    }),
    (codec, packetType, { compositionMs, nanos, trackId, data, key, wantsLegacy }) => {
      const composed = (codec === "h264" || codec === "h265") && packetType === "frames";
      const isLegacy = wantsLegacy && (codec === "h264" || codec === "h265") && packetType !== "metadata";
      const frameType = key ? 1 : 2;
      const body = serializeVideoBody({
        codec,
        packetType,
        frameType,
        enhanced: !isLegacy,
        ...(composed ? { compositionMs } : {}),
        ...(isLegacy ? {} : { nanos }),
        ...(isLegacy || trackId === undefined ? {} : { trackId }),
        data,
      });
      const parts = parseVideoBody(body);
      assert.equal(parts.length, 1);
      const wanted = {
        kind: isLegacy ? "legacy" : "enhanced",
        codec,
        packetType,
        frameType,
        compositionMs: composed ? compositionMs : 0,
        nanos: isLegacy ? 0 : nanos,
        trackId: isLegacy ? 0 : (trackId ?? 0),
      } as const;
      assert.deepEqual(brief(parts[0]!, wanted), { ...wanted, data: hex(Buffer.concat(data)) });
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("any audio body comes back as it was written", () => {
  const property = fc.property(
    fc.constantFrom("aac", "mpa", "opus", "flac", "ac3", "eac3"),
    fc.constantFrom("config", "frames", "end", "multichannel"),
    fc.nat(999_999),
    fc.option(fc.nat(255), { nil: undefined }),
    fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
    (codec, packetType, nanos, trackId, data) => {
      const track = trackId === undefined ? {} : { trackId };
      const body = serializeAudioBody({ codec, packetType, enhanced: true, nanos, ...track, data });
      const parts = parseAudioBody(body);
      assert.equal(parts.length, 1);
      const wanted = { kind: "enhanced", codec, packetType, nanos, trackId: trackId ?? 0 } as const;
      assert.deepEqual(brief(parts[0]!, wanted), { ...wanted, data: hex(Buffer.concat(data)) });
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test("legacy audio headers", () => {
  const data = [bytesOf("ff")];
  const aac = { codec: "aac", enhanced: false, data } as const;
  assert.equal(hex(serializeAudioBody({ ...aac, packetType: "config" })), "af00ff");
  assert.equal(
    hex(serializeAudioBody({ ...aac, packetType: "frames", sampleRate: 22_050, channels: 1 })),
    "af01ff",
  );
  const mp3 = { codec: "mpa", packetType: "frames", enhanced: false, data } as const;
  assert.equal(hex(serializeAudioBody({ ...mp3, sampleRate: 44_100, channels: 2 })), "2fff");
  assert.equal(hex(serializeAudioBody({ ...mp3, sampleRate: 22_050, channels: 1 })), "2aff");
  assert.equal(hex(serializeAudioBody({ ...mp3, sampleRate: 8000, channels: 1 })), "eeff");
  assert.equal(hex(serializeAudioBody({ ...mp3, sampleRate: 48_000, channels: 2 })), "2fff");
});

test("what a form cannot carry is refused", () => {
  const video = { packetType: "frames", frameType: 1, data: [] } as const;
  const refused = (make: () => unknown) =>
    assert.throws(make, (error) => error instanceof FlvProblem && error.code === "flv.codec");
  refused(() => serializeVideoBody({ ...video, codec: "av1", enhanced: false }));
  refused(() => serializeVideoBody({ ...video, codec: "h264", enhanced: false, trackId: 1 }));
  refused(() => serializeVideoBody({ ...video, codec: "mpeg2video", enhanced: true }));
  refused(() => serializeVideoBody({ ...video, codec: "av1", enhanced: true, compositionMs: 1 }));
  refused(() => serializeVideoBody({ ...video, codec: "h264", enhanced: true, compositionMs: 0x800000 }));
  refused(() => serializeAudioBody({ codec: "opus", packetType: "frames", enhanced: false, data: [] }));
  refused(() => serializeAudioBody({ codec: "mpa", packetType: "config", enhanced: false, data: [] }));
  refused(() => serializeAudioBody({ codec: "dts", packetType: "frames", enhanced: true, data: [] }));
});

test("FourCCs as numbers", () => assert.equal(fourCcNumber("av01"), 0x61763031));
