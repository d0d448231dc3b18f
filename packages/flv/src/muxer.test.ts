import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import fc from "fast-check";
import { amfObject } from "./amf-value.ts";
import { parseAmf0 } from "./amf0.ts";
import { parseAudioBody } from "./audio-body.ts";
import { ASC, AVC_RECORD, bytesOf, collect, hex, IDR, P_SLICE } from "./media.test-support.ts";
import { FlvMuxer } from "./muxer.ts";
import { FLV_AUDIO, FLV_VIDEO } from "./tag.ts";
import { parseVideoBody } from "./video-body.ts";

const H264: Track = {
  id: 256,
  kind: "video",
  codec: "h264",
  timescale: 90_000,
  config: AVC_RECORD,
  video: { width: 768, height: 320, profile: 100, level: 32, frameRate: { num: 25, den: 1 } },
};
const AAC: Track = {
  id: 257,
  kind: "audio",
  codec: "aac",
  timescale: 90_000,
  config: ASC,
  audio: { sampleRate: 44_100, channels: 2 },
};
const H265: Track = {
  id: 1,
  kind: "video",
  codec: "h265",
  timescale: 90_000,
  config: bytesOf("01"),
  video: {
    width: 640,
    height: 360,
    profile: 2,
    level: 93,
    bitDepth: 10,
    colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: false },
  },
};

function audio(id: number, codec: Track["codec"], rest: Partial<Track> = {}): Track {
  return { id, kind: "audio", codec, timescale: 90_000, ...rest };
}

function unit(track: number, dts: number, rest: Partial<AccessUnit> = {}): AccessUnit {
  return { track, dts, pts: dts, key: true, discontinuity: false, data: [IDR], wallMs: 0, ...rest };
}

test("H.264 and AAC in their old form, whatever the option", () => {
  for (const enhanced of [true, false]) {
    const muxer = new FlvMuxer({ enhanced });
    assert.equal(muxer.setTracks([H264, AAC]), true);
    assert.equal(muxer.setTracks([{ ...H264 }, AAC]), false);
    assert.deepEqual(
      muxer.configs().map(({ type, body }) => [type, hex(body)]),
      [
        [FLV_VIDEO, `1700000000${hex(AVC_RECORD)}`],
        [FLV_AUDIO, "af001210"],
      ],
    );
    assert.deepEqual(parseAmf0(muxer.metadata()).values, [
      "onMetaData",
      amfObject({
        duration: 0,
        width: 768,
        height: 320,
        framerate: 25,
        videocodecid: 7,
        audiosamplerate: 44_100,
        audiosamplesize: 16,
        stereo: true,
        audiochannels: 2,
        audiocodecid: 10,
      }),
    ]);
    const picture = muxer.unit(unit(256, 9000, { pts: 16_200 }))!;
    assert.deepEqual([picture.type, picture.timestampMs, picture.key], [FLV_VIDEO, 100, true]);
    assert.equal(hex(picture.body), `1701000050${hex(IDR)}`);
    const sound = muxer.unit(unit(257, 9090, { data: [bytesOf("21"), bytesOf("10")] }))!;
    assert.deepEqual([sound.type, sound.timestampMs, sound.key], [FLV_AUDIO, 101, false]);
    assert.equal(hex(sound.body), "af012110");
  }
});

test("audio alone: every frame is a place to start", () => {
  const muxer = new FlvMuxer({ enhanced: false });
  muxer.setTracks([AAC]);
  assert.equal(muxer.unit(unit(257, 0))!.key, true);
});

test("what players of the old form cannot read is left out", () => {
  const tracks = [
    H265,
    audio(2, "opus"),
    audio(3, "ac3"),
    audio(4, "mpa", { audio: { ...MP2, profile: 2 } }),
  ];
  const muxer = new FlvMuxer({ enhanced: false });
  muxer.setTracks([...tracks, H264, AAC]);
  assert.deepEqual(
    muxer.tracks.map(({ id }) => id),
    [256, 257],
  );
  assert.equal(muxer.unit(unit(1, 0)), undefined);
  const enhanced = new FlvMuxer({ enhanced: true });
  enhanced.setTracks([...tracks.slice(3), { id: 9, kind: "data", codec: "scte35", timescale: 90_000 }]);
  assert.deepEqual([enhanced.tracks, enhanced.configs()], [[], []]);
});

const MP2 = { sampleRate: 48_000, channels: 2 };

test("MP3", () => {
  const muxer = new FlvMuxer({ enhanced: false });
  muxer.setTracks([audio(1, "mpa", { audio: { sampleRate: 22_050, channels: 1, profile: 3 } })]);
  assert.deepEqual(muxer.configs(), []);
  assert.equal(hex(muxer.unit(unit(1, 0, { data: [bytesOf("fff3")] }))!.body), "2afff3");
});

test("HEVC and Opus: sequence headers, HDR colour", () => {
  const muxer = new FlvMuxer({ enhanced: true });
  const dops = bytesOf("00 02 0138 0000bb80 0000 00");
  muxer.setTracks([H265, audio(2, "opus", { config: dops })]);
  const [config, colour, head] = muxer.configs();
  assert.equal(hex(config!.body), "906876633101");
  const [part] = parseVideoBody(colour!.body);
  assert.equal(part!.packetType, "metadata");
  const colorConfig = { bitDepth: 10, colorPrimaries: 9, transferCharacteristics: 16, matrixCoefficients: 9 };
  assert.deepEqual(parseAmf0(part!.data).values, [
    "colorInfo",
    amfObject({ colorConfig: amfObject(colorConfig) }),
  ]);
  assert.equal(hex(head!.body), "904f7075734f707573486561640102380180bb0000000000");
  assert.equal(hex(muxer.unit(unit(1, 0, { data: [bytesOf("00000001 26")] }))!.body), "93687663310000000126");
  const fields = parseAmf0(muxer.metadata()).values[1] as Record<string, unknown>;
  assert.deepEqual([fields["videocodecid"], fields["audiocodecid"]], [0x68766331, 0x4f707573]);
});

test("further tracks as multitrack, if wanted", () => {
  const second = audio(300, "aac", { config: bytesOf("1188") });
  const plain = new FlvMuxer({ enhanced: true });
  plain.setTracks([H264, AAC, second]);
  assert.equal(plain.unit(unit(300, 0)), undefined);
  const muxer = new FlvMuxer({ enhanced: true, multitrack: true });
  muxer.setTracks([H264, AAC, second]);
  assert.equal(hex(muxer.configs()[2]!.body), "95006d703461011188");
  const [part] = parseAudioBody(muxer.unit(unit(300, 0, { data: [bytesOf("21")] }))!.body);
  assert.deepEqual(
    [part?.trackId, part?.codec, part?.packetType, hex(part!.data)],
    [1, "aac", "frames", "21"],
  );
});

test("no unit before the configuration, and none whose time cannot be told", () => {
  const { config: _, ...bare } = H264;
  const muxer = new FlvMuxer({ enhanced: false });
  muxer.setTracks([bare]);
  assert.deepEqual([muxer.configs(), muxer.unit(unit(256, 0))], [[], undefined]);
  assert.equal(muxer.setTracks([H264]), true);
  assert.notEqual(muxer.unit(unit(256, 0)), undefined);
  assert.equal(muxer.unit(unit(256, 0, { pts: 90 * 2 ** 23 })), undefined);
  assert.equal(muxer.unit(unit(256, Number.NaN)), undefined);
});

test("timestamps wrap at 32 bits", () => {
  const muxer = new FlvMuxer({ enhanced: false });
  muxer.setTracks([AAC]);
  assert.equal(muxer.unit(unit(257, 90 * (2 ** 32 + 7)))!.timestampMs, 7);
  assert.equal(muxer.unit(unit(257, -90))!.timestampMs, 2 ** 32 - 1);
});

/** name, codec, NAL units, disposable */
const PICTURES: readonly (readonly [string, "h264" | "h265", string, boolean])[] = [
  ["P that others refer to", "h264", hex(P_SLICE), false],
  ["B that none refers to", "h264", "00000003 019a23", true],
  ["B behind a message", "h264", "00000002 0605 00000003 019a23", true],
  ["slices of both kinds", "h264", "00000003 019a23 00000003 419a23", false],
  ["no slice", "h264", "00000002 0605", false],
  ["trailing picture that others refer to", "h265", "00000003 020180", false],
  ["trailing picture that none refers to", "h265", "00000003 000180", true],
];
for (const [name, codec, data, disposable] of PICTURES) {
  test(`disposable or not: ${codec} ${name}`, () => {
    const muxer = new FlvMuxer({ enhanced: true });
    muxer.setTracks([codec === "h264" ? H264 : { ...H265, id: 256 }]);
    // In two pieces, as units may come.
    const bytes = bytesOf(data);
    const made = muxer.unit(unit(256, 0, { key: false, data: [bytes.subarray(0, 3), bytes.subarray(3)] }));
    assert.equal(made!.disposable, disposable);
    assert.equal(muxer.unit(unit(256, 0, { data: [bytes] }))!.disposable, false);
  });
}

test("through muxer and demuxer: times to the millisecond, without drift", () => {
  const property = fc.property(
    fc.nat(2 ** 33),
    fc.array(fc.record({ step: fc.nat(9000), ahead: fc.integer({ min: 0, max: 90_000 }) }), { minLength: 1 }),
    (start, steps) => {
      const muxer = new FlvMuxer({ enhanced: false });
      muxer.setTracks([H264]);
      const { demuxer, units } = collect();
      const send = (body: Uint8Array, ms: number) => demuxer.video(body, ms);
      for (const { body } of muxer.configs()) send(body, Math.round(start / 90) >>> 0);
      let dts = start;
      const sent = steps.map(({ step, ahead }) => {
        dts += step;
        return { dts, pts: dts + ahead };
      });
      for (const times of sent) {
        const made = muxer.unit(unit(256, times.dts, times))!;
        send(made.body, made.timestampMs);
      }
      demuxer.flush();
      assert.equal(units.length, sent.length);
      const first = sent[0]!;
      const offset = units[0]!.dts - Math.round(first.dts / 90) * 90;
      assert.equal(offset % (90 * 2 ** 32), 0);
      for (const [i, { pts, dts: at }] of sent.entries()) {
        assert.ok(Math.abs(units[i]!.dts - offset - at) <= 45, "dts");
        assert.ok(Math.abs(units[i]!.pts - offset - pts) <= 45, "pts");
      }
    },
  );
  fc.assert(property, { numRuns: 100 });
});

test("H.265 as codec id 12, for players without the enhanced protocol", () => {
  const muxer = new FlvMuxer({ enhanced: false, legacyH265: true });
  muxer.setTracks([H265, AAC, audio(3, "opus", { config: bytesOf("00") })]);
  assert.deepEqual(
    muxer.tracks.map(({ codec }) => codec),
    ["h265", "aac"],
  );
  const described = parseAmf0(muxer.metadata()).values[1] as Record<string, unknown>;
  assert.equal(described["videocodecid"], 12);
  assert.equal(hex(muxer.configs()[0]!.body), "1c0000000001");
  const made = muxer.unit(unit(1, 9000, { pts: 9000 + 40 * 90, key: false }))!;
  assert.equal(hex(made.body), `2c01000028${hex(IDR)}`);
  const read = collect();
  read.demuxer.metadata(["onMetaData", { videocodecid: 12 }]);
  const [part] = parseVideoBody(made.body);
  assert.deepEqual([part?.codec, part?.compositionMs], ["h265", 40]);
});
