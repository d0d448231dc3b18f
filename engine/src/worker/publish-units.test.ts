import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { eventually, fixturePath } from "../../../tests/contract/index.ts";
import { mediaOf, summary, TsTap, UnitsTap } from "../testing/units-kit.ts";
import { published, request, startPair, untilInput } from "../testing/worker-pair.ts";

const VIDEO: Track = { id: 1, kind: "video", codec: "h264", timescale: 90_000 };
const AUDIO: Track = { id: 2, kind: "audio", codec: "aac", timescale: 90_000 };

function frame(fields: Partial<AccessUnit>, value: number): AccessUnit {
  const data = [new Uint8Array(200).fill(value)];
  return { track: 1, pts: 0, dts: 0, key: false, discontinuity: false, data, wallMs: 0, ...fields };
}

const PLACES = ["owner", "other"] as const;

for (const place of PLACES) {
  test(`units published in the ${place} worker come out of both as they were sent`, async (t) => {
    const pair = await startPair(t, [published("one")]);
    // Times as of an encoder that just began: those of the transport stream's clock lie before zero.
    const media = mediaOf("h264-aac.mpegts", 0);
    assert.ok(media.units.some((unit) => unit.pts > unit.dts, "there are B-frames"));
    const publication = await pair[place].publishUnits(request("publish", "one"));
    publication.writer.setTracks(media.tracks);
    publication.writer.unit(media.units[0] as AccessUnit);
    await untilInput(pair, "active");
    const units: UnitsTap[] = [];
    const packets: TsTap[] = [];
    for (const viewer of PLACES) {
      units.push(new UnitsTap(await pair[viewer].read("one", "units")));
      packets.push(new TsTap(await pair[viewer].read("one", "ts")));
    }
    for (const unit of media.units.slice(1)) publication.writer.unit(unit);
    const sent = summary(media.units);
    await eventually(() => units.every((tap) => tap.seen.length === sent.length));
    for (const tap of units) {
      assert.deepEqual(summary(tap.units), sent);
      assert.deepEqual(tap.changes, [{ at: 0, tracks: media.tracks }]);
    }
    // The multiplexer keeps back what a slower track may still bring.
    const enough = media.units.length / 2;
    await eventually(() => packets.every((tap) => tap.media.units.length > enough));
    for (const tap of packets) {
      const out = tap.media;
      assert.deepEqual(
        out.tracks.map(({ codec }) => codec),
        media.tracks.map(({ codec }) => codec),
      );
      for (const [i, { id, kind }] of media.tracks.entries()) {
        const made = out.units.filter((unit) => unit.track === out.tracks[i]?.id).slice(0, -1);
        const given = media.units.filter((unit) => unit.track === id);
        assert.ok(made.length > 20);
        for (const [n, unit] of made.entries()) {
          const from = given[n] as AccessUnit;
          // Audio frames that share a PES packet are placed by their length, no whole number of ticks at 44.1 kHz.
          const slack = kind === "audio" ? 1 : 0;
          // The clock in front of the first unit wraps, and whoever reads on counts on.
          const pts = Math.abs(unit.pts - from.pts) % 2 ** 33;
          const dts = Math.abs(unit.dts - from.dts) % 2 ** 33;
          assert.ok(pts <= slack && dts <= slack, `${kind} ${n}: ${unit.pts} for ${from.pts}`);
        }
      }
    }
    publication.end();
    await untilInput(pair, "failed");
  });

  test(`tracks that change in mid-stream change between the right units, published in the ${place} worker`, async (t) => {
    const pair = await startPair(t, [published("one")]);
    const publication = await pair[place].publishUnits(request("publish", "one"));
    const { writer } = publication;
    const video = (version: number): Track => ({ ...VIDEO, config: new Uint8Array([version]) });
    const taps: UnitsTap[] = [];
    for (const viewer of PLACES) taps.push(new UnitsTap(await pair[viewer].read("one", "units")));
    // All in one turn of the event loop: readers come to it when the last tracks stand already.
    for (let version = 0; version < 4; version++) {
      writer.setTracks([video(version), AUDIO]);
      for (let i = 0; i < 5; i++) {
        const dts = (version * 5 + i) * 3600;
        writer.unit(frame({ pts: dts + 7200, dts, key: i === 0 }, version));
      }
    }
    await eventually(() => taps.every((tap) => tap.seen.length === 20));
    for (const tap of taps) {
      for (const [i, { unit, tracks }] of tap.seen.entries()) {
        assert.deepEqual(tracks[0]?.config, unit.data[0]?.slice(0, 1), `unit ${i}`);
        assert.equal(unit.discontinuity, false);
      }
      assert.deepEqual(
        tap.changes.map(({ at }) => at),
        [0, 5, 10, 15],
      );
    }
    // Who comes now begins at the last key frame, with its tracks.
    const late = new UnitsTap(await pair.other.read("one", "units"));
    assert.deepEqual(late.changes, [{ at: 0, tracks: [video(3), AUDIO] }]);
    assert.equal(late.seen.length, 5);
  });

  test(`a timeline that begins anew goes on where the old one stood, published in the ${place} worker`, async (t) => {
    const pair = await startPair(t, [published("one")]);
    const { writer } = await pair[place].publishUnits(request("publish", "one"));
    const tap = new UnitsTap(await pair.other.read("one", "units"));
    writer.setTracks([VIDEO]);
    writer.unit(frame({ pts: 900_000, dts: 900_000, key: true }, 1));
    writer.discontinuity();
    writer.unit(frame({ pts: 20, dts: 10, key: true }, 2));
    writer.unit(frame({ pts: 3620, dts: 3610, discontinuity: true }, 3));
    await eventually(() => tap.seen.length === 3);
    assert.deepEqual(
      tap.units.map(({ pts, dts, discontinuity }) => [dts, pts - dts, discontinuity]),
      [
        [900_000, 0, false],
        [903_600, 10, true],
        [907_200, 10, true],
      ],
    );
  });
}

test("the codec of a publisher changes: the transport stream goes on with the other one", async (t) => {
  const pair = await startPair(t, [published("one")]);
  const { writer } = await pair.other.publishUnits(request("publish", "one"));
  const before = mediaOf("h264-aac.mpegts", 90_000);
  const after = mediaOf("hevc-aac.mpegts", Math.max(...before.units.map((unit) => unit.dts)) + 3600);
  writer.setTracks(before.tracks);
  const tap = new TsTap(await pair.other.read("one", "ts"));
  for (const unit of before.units) writer.unit(unit);
  writer.setTracks(after.tracks);
  for (const unit of after.units) writer.unit(unit);
  await eventually(() => tap.media.tracks.some((track) => track.codec === "h265"));
  const video = (codec: string): number =>
    Number([...before.tracks, ...after.tracks].find((track) => track.codec === codec)?.id);
  const sent = [...summary(before.units, video("h264")), ...summary(after.units, video("h265"))];
  const out = tap.media;
  const ids = new Set(out.units.map((unit) => unit.track));
  assert.ok(ids.size >= 2);
  const stamps = out.units.map(({ pts, dts }) => `${pts}/${dts}`);
  let found = 0;
  for (const line of sent) {
    const [, pts, dts] = line as number[];
    if (stamps.includes(`${pts}/${dts}`)) found++;
  }
  // All of the first, and of the second what the multiplexer no longer keeps back.
  assert.ok(found > summary(before.units, video("h264")).length, `${found} of ${sent.length}`);
});

for (const [first, second] of [
  ["owner", "owner"],
  ["owner", "other"],
  ["other", "owner"],
  ["other", "other"],
] as const) {
  test(`a publisher in the ${second} worker takes the place of one in the ${first} worker, if it may`, async (t) => {
    const pair = await startPair(t, [published("one")]);
    const ask = request("publish", "one");
    const old = await pair[first].publishUnits(ask);
    old.writer.setTracks([VIDEO]);
    old.writer.unit(frame({ key: true }, 1));
    const tap = new UnitsTap(await pair.other.read("one", "units"));
    await eventually(() => tap.seen.length === 1);

    await assert.rejects(pair[second].publishUnits(ask), { code: "busy" });
    await assert.rejects(pair[second].publish(ask, { replace: false }), { code: "busy" });
    assert.equal(old.signal.aborted, false);

    const now = await pair[second].publishUnits(ask, { replace: true });
    await eventually(() => old.signal.aborted);
    assert.equal(now.signal.aborted, false);
    const config = new Uint8Array([7]);
    now.writer.setTracks([{ ...VIDEO, config }]);
    // Until the new one brings a key frame nothing of it can be shown, and nothing of the old comes any more.
    now.writer.unit(frame({ dts: 50, pts: 50 }, 2));
    old.writer.unit(frame({ dts: 3600, pts: 3600, key: true }, 3));
    now.writer.unit(frame({ dts: 100, pts: 100, key: true }, 4));
    now.writer.unit(frame({ dts: 3700, pts: 3700 }, 5));
    await eventually(() => tap.seen.length >= 3);
    assert.deepEqual(
      tap.seen.map(({ unit, tracks }) => [
        unit.data[0]?.[0],
        unit.dts,
        unit.discontinuity,
        tracks[0]?.config,
      ]),
      [
        [1, 0, false, undefined],
        [4, 3600, true, config],
        [5, 7200, false, config],
      ],
    );
    const sessions = (await pair.supervisor.report()).flatMap((report) => report.sessions);
    assert.equal(sessions.filter((session) => session.kind === "publish").length, 1);
    old.end();
    now.writer.unit(frame({ dts: 7300, pts: 7300 }, 6));
    await eventually(() => tap.seen.length === 4);
    now.end();
    await untilInput(pair, "failed");
  });
}

test("packets may take the place of units, and units that of packets", async (t) => {
  const pair = await startPair(t, [published("one")]);
  const media = mediaOf("h264-aac.mpegts", 0);
  const ask = request("publish", "one");
  const units = await pair.other.publishUnits(ask);
  units.writer.setTracks(media.tracks);
  const tap = new UnitsTap(await pair.other.read("one", "units"));
  for (const unit of media.units.slice(0, 20)) units.writer.unit(unit);
  await eventually(() => tap.seen.length === 20);
  const capture = readFileSync(fixturePath("h264-aac.mpegts"));
  const packets = await pair.owner.publish(ask, { replace: true });
  packets.writer.ts(capture);
  await eventually(() => tap.seen.length > 100);
  assert.equal(units.signal.aborted, true);
  const again = await pair.other.publishUnits(ask, { replace: true });
  again.writer.setTracks(media.tracks);
  for (const unit of media.units) again.writer.unit(unit);
  const last = media.units.at(-1) as AccessUnit;
  await eventually(() => {
    const seen = tap.units.at(-1);
    return seen !== undefined && Buffer.concat(seen.data).equals(Buffer.concat(last.data));
  });
  const dts = tap.units.filter((unit) => unit.track === tap.units[0]?.track).map((unit) => unit.dts);
  assert.ok(dts.slice(1).every((at, i) => at > (dts[i] as number)));
});
