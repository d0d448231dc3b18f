import assert from "node:assert/strict";
import { test } from "node:test";
import { Demuxer } from "../demux/index.ts";
import {
  hasPcr,
  hasRandomAccess,
  hasUnitStart,
  PACKET_SIZE,
  payloadOffset,
  pcrOf,
  pidOf,
} from "../packet.ts";
import { PesHeader } from "../pes.ts";
import { TsScanner } from "../scan.ts";
import { ALWAYS_THERE, alignedPackets, sharedMedia } from "../testing/media.ts";
import { demux, muxing, type Unit } from "../testing/mux.ts";
import { pcrDiff } from "../ts-time.ts";
import type { MuxerOptions } from "./muxer.ts";

/** A capture through demultiplexer and multiplexer, and both sides' units. */
function remux(path: string, options: Partial<MuxerOptions> = {}) {
  const run = muxing(options);
  const source = alignedPackets(sharedMedia(path) as Uint8Array);
  const demuxer = new Demuxer({
    onTracks: (tracks) => run.muxer.setTracks(tracks),
    onUnit: (unit) => run.muxer.push(unit),
  });
  demuxer.push(source, 0, source.length / PACKET_SIZE);
  demuxer.flush();
  run.muxer.flush();
  return { ...run, source, before: demux(source), after: demux(run.packets()) };
}

for (const path of ALWAYS_THERE) {
  test(`${path}: the same units come out again`, () => {
    const { muxer, packets, before, after } = remux(path, { keepPids: true });
    const sorted = (units: Unit[]) =>
      units.map(({ track, pts, dts, key, bytes }) => ({ track, pts, dts, key, bytes }));
    for (const { id, codec } of before.demuxer.tracks) {
      const ours = sorted(after.units.filter(({ track }) => track === id));
      const theirs = sorted(before.units.filter(({ track }) => track === id));
      assert.equal(ours.length, theirs.length, codec);
      for (const [i, unit] of ours.entries()) {
        const other = theirs[i]!;
        assert.deepEqual(unit.bytes, other.bytes, `${codec} ${i}`);
        assert.equal(unit.key, other.key);
        if (codec === "scte35") continue; // sections have no time of their own
        assert.ok(
          Math.abs(unit.pts - other.pts) % 2 ** 33 <= 1,
          `${codec} ${i}: ${unit.pts}, was ${other.pts}`,
        );
        assert.ok(Math.abs(unit.dts - other.dts) % 2 ** 33 <= 1);
      }
    }
    const scanner = new TsScanner();
    const made = packets();
    scanner.scan(made, 0, made.length / PACKET_SIZE);
    assert.deepEqual(
      [scanner.ccErrors, scanner.duplicates, scanner.pcrJumps, scanner.crcErrors],
      [0, 0, 0, 0],
    );
    assert.deepEqual([muxer.counters.droppedUnits, muxer.counters.breaks], [0, 0]);
    assert.equal(muxer.counters.packets, made.length / PACKET_SIZE);
  });
}

/** All PCRs with the packet they stand in. */
function pcrs(packets: Uint8Array): { index: number; pcr: number }[] {
  const list: { index: number; pcr: number }[] = [];
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    if (hasPcr(packets, at)) list.push({ index: at / PACKET_SIZE, pcr: pcrOf(packets, at) });
  }
  return list;
}

for (const pcrMs of [20, 40, 90]) {
  test(`PCR at most every ${pcrMs} ms`, () => {
    for (const path of ALWAYS_THERE) {
      const list = pcrs(remux(path, { pcrMs }).packets());
      for (const [i, { pcr }] of list.entries()) {
        if (i === 0) continue;
        const step = pcrDiff(list[i - 1]!.pcr, pcr);
        assert.ok(step >= 0 && step <= pcrMs * 27_000, `${path}: ${step / 27_000} ms`);
      }
    }
  });
}

test("every unit has arrived before its DTS, by the PCRs around it", () => {
  for (const path of ALWAYS_THERE) {
    const packets = remux(path, { delayMs: 300 }).packets();
    const header = new PesHeader();
    let pcr = Number.NaN;
    const due = new Map<number, number>();
    for (let at = 0; at < packets.length; at += PACKET_SIZE) {
      const pid = pidOf(packets, at);
      if (hasPcr(packets, at)) pcr = pcrOf(packets, at);
      if (
        hasUnitStart(packets, at) &&
        header.parse(packets, payloadOffset(packets, at), at + PACKET_SIZE) === 0
      ) {
        due.set(pid, header.dts * 300);
      }
      if (payloadOffset(packets, at) === at + PACKET_SIZE) continue;
      const dts = due.get(pid);
      // Subtitles of this capture are late by themselves.
      if (dts === undefined || Number.isNaN(pcr) || pid > 250) continue;
      const lead = pcrDiff(pcr, dts) / 27_000;
      assert.ok(lead > 250, `${path}: packet of a unit ${lead} ms before its DTS`);
      assert.ok(lead < 2000);
    }
  }
});

test("PAT, PMT and SDT come often, and before every key frame; batches say where", () => {
  const { batches, packets } = remux("ts/h264-aac/bear-640x360.ts", { tablesMs: 100 });
  const made = packets();
  let last = Number.NaN;
  let pcr = Number.NaN;
  for (let at = 0; at < made.length; at += PACKET_SIZE) {
    if (hasPcr(made, at)) pcr = pcrOf(made, at);
    if (pidOf(made, at) !== 0) continue;
    if (!Number.isNaN(last)) assert.ok(pcrDiff(last, pcr) <= (100 + 40) * 27_000);
    last = pcr;
  }
  const scanner = new TsScanner();
  scanner.scan(made, 0, made.length / PACKET_SIZE);
  assert.equal(scanner.keyCount, 3);
  const keys = batches.filter(({ key }) => key);
  assert.deepEqual(
    keys.map(({ at }) => at),
    [...scanner.keyCutIndex.subarray(0, 3)],
  );
  assert.deepEqual(
    keys.map(({ pts }) => pts),
    [...scanner.keyPts.subarray(0, 3)].map((pts) => pts % 2 ** 33),
  );
  for (const { bytes } of keys) {
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => pidOf(bytes, i * PACKET_SIZE)),
      [0, 4095, 17, 211],
    );
    assert.ok(hasRandomAccess(bytes, 3 * PACKET_SIZE) && hasPcr(bytes, 3 * PACKET_SIZE));
  }
  // A cut before a key frame parts no PES packet: in every PID the next packet with payload starts one.
  for (const { at } of keys) {
    const seen = new Set<number>();
    for (let p = at * PACKET_SIZE; p < made.length && seen.size < 2; p += PACKET_SIZE) {
      const pid = pidOf(made, p);
      if ((pid !== 211 && pid !== 221) || seen.has(pid) || payloadOffset(made, p) === p + PACKET_SIZE)
        continue;
      seen.add(pid);
      assert.ok(hasUnitStart(made, p), `PID ${pid}`);
    }
  }
});

test("service name and provider stand in the SDT", () => {
  const packets = remux("ts/ac3/ac3.ts", { serviceName: "Größe", providerName: "Mühle" }).packets();
  assert.ok(
    Buffer.from(packets).includes(Buffer.from("Größe", "utf8")) ||
      Buffer.from(packets).includes(Buffer.from("Größe", "latin1")),
  );
});
