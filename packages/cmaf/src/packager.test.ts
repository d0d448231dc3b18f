import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FragmentReader } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";
import type { PartRecord, SegmentRecord } from "./model.ts";
import { AUDIO, feed, makePackager, START_MS, unitOf, VIDEO } from "./packager.test-support.ts";

/** Each one begins where the one before it ended. */
function assertContiguous(pieces: readonly { startTicks: number; durationTicks: number }[]): void {
  for (let i = 1; i < pieces.length; i++) {
    const [before, piece] = [pieces[i - 1], pieces[i]] as [PartRecord, PartRecord];
    assert.equal(piece.startTicks, before.startTicks + before.durationTicks, `piece ${i}`);
  }
}

function secondsOf({ startTicks, durationTicks }: SegmentRecord, timescale: number): [number, number] {
  return [startTicks / timescale, durationTicks / timescale];
}

describe("segments", () => {
  test("are cut at key frames, all tracks alike", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    feed(packager, { seconds: 7 });
    const video = recorder.of("v1");
    assert.deepEqual(
      video.map(({ msn, durationTicks, independent, complete }) => [
        msn,
        durationTicks,
        independent,
        complete,
      ]),
      [
        [100, 180_000, true, true],
        [101, 180_000, true, true],
        [102, 180_000, true, true],
      ],
    );
    assertContiguous(video);
    const audio = recorder.of("a1");
    assertContiguous(audio);
    assert.deepEqual(
      audio.map(({ msn }) => msn),
      [100, 101, 102],
    );
    for (const [i, segment] of audio.entries()) {
      const [videoStart] = secondsOf(video[i] as SegmentRecord, 90_000);
      const [start] = secondsOf(segment, 48_000);
      assert.ok(start >= videoStart && start - videoStart < 0.022, `${start} beside ${videoStart}`);
    }
  });

  test("have times near UTC, and names that follow from them", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    feed(packager, { seconds: 3 });
    const [segment] = recorder.of("v1") as [SegmentRecord];
    assert.ok(Math.abs(segment.startTicks / 90 - START_MS) <= 5000);
    assert.equal(segment.wallMs, START_MS);
    assert.equal(segment.key, `v1/${segment.startTicks}.m4s`);
    assert.equal(segment.parts[0]?.key, `v1/part-${segment.startTicks}.m4s`);
  });

  test("have the same names on a server that takes the stream in a little later", () => {
    const names = [0, 400, 1100].map((lateMs) => {
      const { recorder, packager } = makePackager();
      packager.setTracks([VIDEO]);
      feed(packager, { seconds: 5, audio: false, wallMs: START_MS + 3000 + lateMs });
      return recorder.segments.map(({ key }) => key);
    });
    assert.equal(names[0]?.length, 2);
    assert.deepEqual(names[1], names[0]);
    assert.deepEqual(names[2], names[0]);
  });

  test("begin where their key frame is shown, B frames or not", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    feed(packager, { seconds: 5, delay: 7200 });
    const [video, audio] = [recorder.of("v1")[0], recorder.of("a1")[0]] as [SegmentRecord, SegmentRecord];
    const behind = audio.startTicks / 48_000 - video.startTicks / 90_000;
    assert.ok(behind >= 0 && behind < 0.022, `audio begins ${behind} s after the picture it belongs to`);
  });

  test("of another picture begin with its key frames, B frames or not", () => {
    const { recorder, packager } = makePackager();
    const small: Track = { ...VIDEO, id: 258 };
    packager.setTracks([VIDEO, small]);
    for (let i = 0; i < 200; i++) {
      const dts = 900_000 + i * 3600;
      const fields = { dts, pts: dts + 7200, key: i % 50 === 0, wallMs: START_MS + i * 40 };
      // The smaller one comes a little sooner, and its first frames are none to begin with.
      packager.unit(unitOf(small, { ...fields, key: fields.key && i > 0 }));
      packager.unit(unitOf(VIDEO, fields));
    }
    const [large, other] = [recorder.of("v1"), recorder.of("v2")];
    assert.equal(large.length, 3);
    assert.deepEqual(
      other.slice(1).map(({ startTicks, independent }) => [startTicks, independent]),
      large.slice(1).map(({ startTicks }) => [startTicks, true]),
    );
    assert.equal(other[0]?.independent, true);
  });

  test("say when reordered frames are shown without going back from when they are decoded", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO]);
    feed(packager, { seconds: 5, delay: 7200, audio: false });
    const units: AccessUnit[] = [];
    const reader = new FragmentReader({ onTracks: () => {}, onUnit: (unit) => units.push(unit) });
    for (const init of recorder.inits.values()) reader.push(init);
    for (const { segment, bytes } of recorder.parts) if (segment.track === "v1") reader.push(bytes);
    const [first] = units;
    assert.equal(first?.pts, recorder.partsOf("v1")[0]?.startTicks);
    assert.equal(first?.dts, (first?.pts ?? 0) - 7200);
    assert.ok(units.every(({ dts }, i) => i === 0 || dts === (units[i - 1]?.dts ?? 0) + 3600));
  });

  test("of a source without video are cut by time", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([AUDIO]);
    feed(packager, { seconds: 7, video: false });
    assert.deepEqual(
      recorder.segments.map(({ track, msn }) => [track, msn]),
      [
        ["a1", 100],
        ["a1", 101],
        ["a1", 102],
      ],
    );
    assertContiguous(recorder.segments);
  });

  test("of long groups of pictures are cut where the target duration ends, and are not independent", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO]);
    feed(packager, { seconds: 10, gopFrames: 1000, audio: false });
    const seconds = recorder.segments.map(({ durationTicks }) => durationTicks / 90_000);
    assert.ok(seconds.length >= 3 && seconds.every((each) => each > 2 && each < 2.5), String(seconds));
    assert.deepEqual(
      recorder.segments.slice(0, 2).map(({ independent }) => independent),
      [true, false],
    );
  });

  test("of a track that fell silent are gaps, so that numbers stay the same for all", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    const silent = (dts: number): boolean => dts % 3600 !== 0 && dts > 900_000 + 180_000;
    feed(packager, { seconds: 13, leaveOut: silent });
    const audio = recorder.of("a1");
    assert.deepEqual(audio.map(({ msn, gap }) => [msn, gap ?? false]).slice(0, 2), [
      [100, false],
      [101, false],
    ]);
    packager.close();
    assert.equal(recorder.of("v1").length, recorder.of("a1").length);
  });
});

describe("parts", () => {
  test("are whole frames, near the wanted duration, and leave no hole", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    feed(packager, { seconds: 7 });
    assert.equal(packager.partTicks, 9 * 3600, "six in a group of 50 frames, none of them much shorter");
    for (const [name, timescale] of [
      ["v1", 90_000],
      ["a1", 48_000],
    ] as const) {
      const parts = recorder.partsOf(name);
      assertContiguous(parts);
      const limit = (packager.partTicks * timescale) / 90_000 + timescale / 2000;
      assert.ok(parts.every(({ durationTicks }) => durationTicks <= limit));
      const lasts = new Set(recorder.of(name).map(({ parts: own }) => own.at(-1)?.key));
      const full = parts.filter(({ key }) => !lasts.has(key));
      // rfc8216bis §4.4.4.9: no other part may be shorter than 85 % of the target.
      assert.ok(full.every(({ durationTicks }) => durationTicks >= limit * 0.85));
    }
    // Seven in the first segment, when nothing was known of the groups.
    const begins = recorder.partsOf("v1").flatMap(({ independent }, i) => (independent ? [i] : []));
    assert.deepEqual(begins, [0, 7, 13, 19]);
  });

  test("divide groups of pictures evenly, so that each begins with a part", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO]);
    feed(packager, { seconds: 13, gopFrames: 25, audio: false });
    const segment = recorder.of("v1").at(-1);
    assert.deepEqual(
      segment?.parts.map(({ durationTicks, independent }) => [durationTicks / 3600, independent]),
      [
        [9, true],
        [8, false],
        [8, false],
        [9, true],
        [8, false],
        [8, false],
      ],
    );
  });

  test("that begin with a picture tell where it ends, for those who want only these", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    feed(packager, { seconds: 5 });
    for (const { segment, part, bytes } of recorder.parts) {
      if (segment.track === "a1" || !part.independent) assert.equal(part.keyBytes, undefined);
      else {
        const mdat = Buffer.from(bytes).indexOf("mdat");
        assert.equal(part.keyBytes, mdat + 4 + 7, "the box's head, and the first sample");
      }
    }
  });

  test("are there with their last frame, not with the one after it", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO]);
    feed(packager, { seconds: 8 * 0.04, audio: false });
    assert.equal(recorder.parts.length, 1);
    const again = makePackager();
    again.packager.setTracks([VIDEO]);
    feed(again.packager, { seconds: 6, audio: false });
    const frames = again.recorder.partsOf("v1").reduce((sum, each) => sum + each.durationTicks, 0) / 3600;
    assert.equal(frames, 150, "the last part of the third group closed with its last frame");
  });

  for (const [name, frameTicks, most] of [
    ["5 frames a second", 18_000, 36_000],
    ["29.97 frames a second", 3003, 27_027],
    ["timestamps in milliseconds", 90_000 / 30, 27_000],
    ["one frame in two seconds", 180_000, 180_000],
  ] as const) {
    test(`of ${name} are as long as that allows`, () => {
      const { recorder, packager } = makePackager();
      const { frameRate: _, ...video } = VIDEO.video as NonNullable<Track["video"]>;
      packager.setTracks([{ ...VIDEO, video }]);
      const gopFrames = Math.max(1, Math.round(180_000 / frameTicks));
      feed(packager, { seconds: 9, frameTicks, gopFrames, audio: false });
      assert.ok(Math.abs(packager.partTicks - most) < 100, String(packager.partTicks));
      assertContiguous(recorder.partsOf("v1"));
      const longest = Math.max(...recorder.partsOf("v1").map(({ durationTicks }) => durationTicks));
      assert.ok(longest <= packager.partTicks + 180, `${longest} of ${packager.partTicks}`);
    });
  }

  for (const [name, from, frames] of [
    ["within a part", 4, 5],
    ["behind a part", 8, 6],
    ["a second", 20, 25],
    ["before a key frame", 45, 5],
  ] as const) {
    test(`leave no hole where frames are missing: ${name}`, () => {
      const { recorder, packager } = makePackager();
      packager.setTracks([VIDEO]);
      const first = 900_000 + (50 + from) * 3600;
      const leaveOut = (dts: number): boolean => dts >= first && dts < first + frames * 3600;
      feed(packager, { seconds: 7, audio: false, leaveOut });
      assert.equal(recorder.periods.length, 1);
      assertContiguous(recorder.partsOf("v1"));
      assertContiguous(recorder.of("v1"));
      const long = recorder.partsOf("v1").filter(({ durationTicks }) => durationTicks > packager.partTicks);
      assert.ok(long.length <= (frames > 9 ? 1 : 0), `${long.length} parts are too long`);
    });
  }

  test("go on over a lost frame", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO]);
    feed(packager, { seconds: 5, audio: false, leaveOut: (dts) => dts === 900_000 + 20 * 3600 });
    assert.equal(recorder.periods.length, 1);
    const parts = recorder.partsOf("v1");
    assert.ok(parts.every(({ durationTicks }) => durationTicks <= packager.partTicks));
    const end = (parts.at(-1)?.startTicks ?? 0) + (parts.at(-1)?.durationTicks ?? 0);
    assert.ok(end - (parts[0]?.startTicks ?? 0) > 4.9 * 90_000 - packager.partTicks);
  });
});

describe("periods", () => {
  test("begin anew where other tracks come, and numbers go on", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    feed(packager, { seconds: 5 });
    packager.setTracks([VIDEO, { ...AUDIO, codec: "opus", config: opusConfig() }]);
    feed(packager, { seconds: 5, from: 900_000 + 5 * 90_000, wallMs: START_MS + 5000 });
    assert.deepEqual(
      recorder.periods.map(({ id, firstMsn, tracks }) => [id, firstMsn, tracks.map((each) => each.codec)]),
      [
        [1, 100, ["h264", "aac"]],
        [2, 103, ["h264", "opus"]],
      ],
    );
    const [first, second] = recorder.periods;
    assert.equal(first?.tracks[0]?.init, second?.tracks[0]?.init);
    assert.notEqual(first?.tracks[1]?.init, second?.tracks[1]?.init);
    const video = recorder.of("v1");
    assertContiguous(video);
    assert.deepEqual(
      video.map(({ msn, period }) => [msn, period]),
      [
        [100, 1],
        [101, 1],
        [102, 1],
        [103, 2],
        [104, 2],
      ],
    );
  });

  for (const [name, from, wallMs] of [
    ["timestamps that jump back", 90_000, START_MS + 5000],
    ["timestamps that jump ahead", 900_000_000, START_MS + 5000],
    ["a pause of ten seconds", 900_000 + 5 * 90_000, START_MS + 15_000],
    ["a hole of ten seconds", 900_000 + 15 * 90_000, START_MS + 15_000],
  ] as const) {
    test(`${name}: a new period, near UTC, and nothing overlaps`, () => {
      const { recorder, packager } = makePackager();
      packager.setTracks([VIDEO, AUDIO]);
      feed(packager, { seconds: 5 });
      feed(packager, { seconds: 5, from, wallMs });
      assert.equal(recorder.periods.length, 2);
      for (const track of ["v1", "a1"]) {
        const segments = recorder.of(track);
        assert.deepEqual(
          segments.map(({ msn }) => msn),
          segments.map((_, i) => 100 + i),
        );
        for (let i = 1; i < segments.length; i++) {
          const [before, each] = [segments[i - 1], segments[i]] as [SegmentRecord, SegmentRecord];
          assert.ok(each.startTicks >= before.startTicks + before.durationTicks);
          const timescale = track === "v1" ? 90_000 : 48_000;
          assert.ok(each.durationTicks < 2.2 * timescale, `${each.durationTicks}`);
        }
        const last = segments.at(-1) as SegmentRecord;
        assert.ok(Math.abs(last.wallMs - (wallMs + 2000)) < 50, `${last.wallMs - wallMs}`);
        assert.ok(Math.abs(last.startTicks / (track === "v1" ? 90 : 48) - wallMs) < 16_000);
      }
    });
  }

  test("start at a key frame, whatever comes before it", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO]);
    packager.unit(unitOf(VIDEO, { key: false }));
    packager.unit(unitOf(AUDIO));
    assert.equal(recorder.periods.length, 0);
    packager.unit(unitOf({ ...VIDEO, id: 99 }));
    assert.equal(recorder.periods.length, 0);
    packager.close();
    assert.equal(recorder.segments.length, 0);
  });
});

test("splices become events in time, and messages in the picture's parts", () => {
  const { recorder, packager } = makePackager();
  const splices: Track = { id: 300, kind: "data", codec: "scte35", timescale: 90_000 };
  packager.setTracks([VIDEO, splices]);
  feed(packager, { seconds: 1, audio: false });
  packager.unit(
    unitOf(splices, { pts: 900_000 + 270_000, data: [Uint8Array.of(0xfc, 1), Uint8Array.of(2)] }),
  );
  feed(packager, { seconds: 2, from: 990_000, wallMs: START_MS + 1000, audio: false });
  const [event] = recorder.events;
  assert.equal(event?.scheme, "scte35");
  assert.equal(event?.wallMs, START_MS + 3000);
  assert.equal(event?.sourceTicks, 900_000 + 270_000);
  assert.deepEqual([...(event?.data ?? [])], [0xfc, 1, 2]);
  const marked = recorder.parts.filter(({ bytes }) =>
    Buffer.from(bytes).includes("urn:scte:scte35:2013:bin"),
  );
  assert.equal(marked.length, 1);
});

function opusConfig(): Uint8Array {
  return Uint8Array.of(0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0);
}
