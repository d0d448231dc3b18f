import assert from "node:assert/strict";
import { test } from "node:test";
import { buildDops } from "@millrace/codec";
import type { Track } from "@millrace/model";
import fc from "fast-check";
import { findDescriptor, hasRegistration } from "../descriptor-loop.ts";
import { hasDiscontinuity, hasPcr, hasUnitStart, PACKET_SIZE, payloadOffset, pidOf } from "../packet.ts";
import { PesHeader } from "../pes.ts";
import { TsScanner } from "../scan.ts";
import { codingOf } from "../stream-type.ts";
import { AUDIO, demux, idr, muxing, nals, pps, slice, sps, track, unit, VIDEO } from "../testing/mux.ts";
import { Muxer } from "./muxer.ts";

test("parameter sets that are not in band come before key frames; delimiters before all", () => {
  const { muxer, packets } = muxing();
  muxer.setTracks([VIDEO]);
  muxer.push(unit(1, 90_000, { data: [idr(100)] }));
  muxer.push(unit(1, 93_600, { data: [slice(50)], key: false }));
  muxer.push(unit(1, 97_200, { data: [nals([...sps], [...pps], [0x65, 0x88, 1, 2, 3])] }));
  muxer.flush();
  const bytes = Buffer.from(packets());
  const aud = Buffer.from("0000000109f0", "hex");
  const count = (needle: Buffer) => bytes.toString("latin1").split(needle.toString("latin1")).length - 1;
  assert.equal(count(aud), 3);
  assert.equal(count(Buffer.concat([Buffer.from([0, 0, 0, 1]), sps])), 2);
  const { units, demuxer } = demux(packets());
  assert.deepEqual(
    units.map(({ key }) => key),
    [true, false, true],
  );
  assert.deepEqual(demuxer.tracks[0]!.config, VIDEO.config);
});

test("PMT entries of tracks that come from elsewhere", () => {
  const tracks: Track[] = [
    VIDEO,
    AUDIO,
    track(3, {
      kind: "audio",
      codec: "opus",
      language: "eng",
      config: buildDops({
        channels: 2,
        preSkip: 0,
        inputSampleRate: 48_000,
        outputGain: 0,
        mappingFamily: 0,
      }),
    }),
    track(4, { kind: "audio", codec: "ac3" }),
    track(5, { kind: "audio", codec: "eac3" }),
    track(6, { kind: "audio", codec: "mpa", audio: { sampleRate: 22_050, channels: 1 } }),
    track(7, { kind: "subtitle", codec: "dvbsub", language: "fra" }),
    track(8, { kind: "subtitle", codec: "teletext", language: "ita" }),
    track(9, { kind: "data", codec: "scte35" }),
    track(10, { kind: "data", codec: "id3" }),
    track(11, { kind: "video", codec: "h265" }),
    track(12, { kind: "video", codec: "vp9" }), // has no place in a transport stream
    track(13, { kind: "audio", codec: "dts" }),
    track(14, { kind: "audio", codec: "ac4" }),
  ];
  const { muxer, packets } = muxing({ pids: { pmt: 0x100, v1: 0x200, a0: 0x300, a3: 0x444, t0: 0x500 } });
  muxer.setTracks(tracks);
  muxer.push(unit(1, 90_000, { data: [idr(10)] }));
  muxer.flush();
  const scanner = new TsScanner();
  const made = packets();
  scanner.scan(made, 0, made.length / PACKET_SIZE);
  const program = scanner.programs[0]!;
  assert.deepEqual([program.pmtPid, program.pcrPid], [0x100, 0x200]);
  assert.ok(hasRegistration(program.descriptors, "CUEI"));
  assert.deepEqual(
    program.streams.map((stream) => [stream.pid, codingOf(stream).codec]),
    [
      [0x200, "h264"],
      [0x301, "aac"],
      [0x302, "opus"],
      [0x444, "ac3"],
      [0x304, "eac3"],
      [0x305, "mpa"],
      [0x501, "dvbsub"],
      [0x502, "teletext"],
      [281, "scte35"],
      [282, "id3"],
      [212, "h265"],
      [0x306, "dts"],
      [0x307, "ac4"],
    ],
  );
  assert.equal(
    Buffer.from(findDescriptor(program.streams[1]!.descriptors, 0x0a)!).toString("latin1", 0, 3),
    "deu",
  );
  muxer.push(unit(12, 90_000, { data: [Uint8Array.of(1)] }));
  assert.equal(muxer.counters.droppedUnits, 1);
});

test("PIDs that are none, or taken twice, are refused", () => {
  const onPackets = () => {};
  for (const pids of [{ v1: 8191 }, { v1: 5 }, { x1: 100 }, { pmt: 1.5 }, { v: 100 }] as Record<
    string,
    number
  >[]) {
    assert.throws(() => new Muxer({ onPackets, pids }), { code: "mux.pid" });
  }
  const muxer = new Muxer({ onPackets, pids: { v1: 300, a1: 300 } });
  assert.throws(() => muxer.setTracks([VIDEO, AUDIO]), { code: "mux.pids-collide" });
});

test("LATM framing on demand", () => {
  const { muxer, packets } = muxing({ latm: true });
  muxer.setTracks([AUDIO]);
  const frames = [1, 2, 3, 4].map((n) => Uint8Array.from({ length: 200 }, (_, i) => (i * n) & 255));
  for (const [i, data] of frames.entries()) muxer.push(unit(2, 90_000 + i * 1920, { data: [data] }));
  muxer.flush();
  const { units, demuxer } = demux(packets());
  assert.equal(demuxer.tracks[0]!.ts!.streamType, 0x11);
  assert.deepEqual(
    units.map(({ bytes }) => bytes),
    frames,
  );
});

test("teletext: PES headers of 45 bytes, PES packets that end with a packet", () => {
  const { muxer, packets } = muxing();
  muxer.setTracks([track(8, { kind: "subtitle", codec: "teletext" })]);
  muxer.push(unit(8, 90_000, { data: [new Uint8Array(184 * 4 - 45).fill(0x10)] }));
  muxer.flush();
  const made = packets();
  let count = 0;
  for (let at = 0; at < made.length; at += PACKET_SIZE) {
    if (pidOf(made, at) !== 251 || payloadOffset(made, at) === at + PACKET_SIZE) continue;
    count++;
    const header = new PesHeader();
    if (!hasUnitStart(made, at)) continue;
    assert.equal(header.parse(made, payloadOffset(made, at), at + PACKET_SIZE), 0);
    assert.equal(header.payload - header.start, 45);
  }
  assert.equal(count, 5); // the PCR's place in the first packet moves 8 bytes on
  assert.equal(demux(made).units[0]!.bytes.length, 184 * 4 - 45);
});

test("a break of the timeline is flagged, and both sides come through", () => {
  const { muxer, packets } = muxing();
  muxer.setTracks([VIDEO]);
  const times = [900_000, 903_600, 907_200, 90_000_000, 90_003_600, 5_000, 8_600];
  for (const dts of times) muxer.push(unit(1, dts, { data: [idr(300)] }));
  muxer.flush();
  assert.equal(muxer.counters.breaks, 2);
  const made = packets();
  assert.deepEqual(
    demux(made).units.map(({ dts }) => dts % 2 ** 33),
    times,
  );
  let flagged = 0;
  for (let at = 0; at < made.length; at += PACKET_SIZE) {
    if (hasPcr(made, at) && hasDiscontinuity(made, at)) flagged++;
  }
  assert.equal(flagged, 2);
});

test("a track that stops does not hold up the others for ever", () => {
  const { muxer, batches } = muxing({ interleaveMs: 500 });
  muxer.setTracks([VIDEO, AUDIO]);
  muxer.push(unit(2, 90_000, { data: [new Uint8Array(900)] }));
  const sent = () => batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const lag: number[] = [];
  for (let i = 0; i < 50; i++) {
    muxer.push(unit(1, 90_000 + i * 3600, { data: [idr(2000)] }));
    lag.push((i + 1) * 2000 - sent());
  }
  // The audio that is missing has been given up: video goes out at once.
  assert.ok(Math.max(...lag.slice(20)) < 6000, `${Math.max(...lag.slice(20))} bytes behind`);
});

test("tables change with the tracks, once for each change", () => {
  const { muxer, packets } = muxing();
  muxer.setTracks([VIDEO]);
  muxer.push(unit(1, 90_000, { data: [idr(100)] }));
  muxer.setTracks([{ ...VIDEO, codecString: "avc1.64001e" }]); // nothing that the PMT would say
  muxer.push(unit(1, 93_600, { data: [idr(100)] }));
  muxer.setTracks([VIDEO, AUDIO]);
  muxer.push(unit(1, 97_200, { data: [idr(100)] }));
  muxer.push(unit(2, 97_200, { data: [new Uint8Array(100)] }));
  muxer.flush();
  const counts: number[] = [];
  const { units } = demux(packets(), (tracks) => counts.push(tracks.length));
  assert.deepEqual([...new Set(counts)], [0, 1, 2]);
  assert.equal(units.length, 4);
});

test("random audio frames: demux ∘ mux", () => {
  const frame = fc.record({
    size: fc.integer({ min: 1, max: 2000 }),
    gap: fc.constantFrom(0, 0, 0, 0, 700, 90_000),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 2 ** 33 - 1 }),
      (frames, start) => {
        const { muxer, packets } = muxing();
        muxer.setTracks([AUDIO]);
        let pts = start;
        const sent = frames.map(({ size, gap }, n) => {
          const data = Uint8Array.from({ length: size }, (_, i) => (i * 31 + n) & 0x7f);
          muxer.push(unit(2, pts, { data: [data] }));
          const at = pts;
          pts += 1920 + gap;
          return { at, data };
        });
        muxer.flush();
        const { units } = demux(packets());
        assert.deepEqual(
          units.map(({ bytes }) => bytes),
          sent.map(({ data }) => data),
        );
        for (const [i, { pts: got }] of units.entries()) {
          assert.ok(
            Math.abs((got - sent[i]!.at) % 2 ** 33) <= 1 ||
              Math.abs(Math.abs(got - sent[i]!.at) - 2 ** 33) <= 1,
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});
