import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PACKET_SIZE, pidOf } from "./packet.ts";
import { TsScanner } from "./scan.ts";
import {
  alignedPackets,
  hasOracle,
  missing,
  oraclePackets,
  oracleStreams,
  sharedMedia,
} from "./testing/media.ts";

function scanAll(packets: Uint8Array, batch: number) {
  const scanner = new TsScanner();
  const keys: { index: number; cut: number; pts: number; dts: number }[] = [];
  const count = packets.length / PACKET_SIZE;
  for (let first = 0; first < count; first += batch) {
    scanner.scan(packets, first * PACKET_SIZE, Math.min(batch, count - first));
    for (let k = 0; k < scanner.keyCount; k++) {
      const index = first + scanner.keyIndex[k]!;
      const cut = first + scanner.keyCutIndex[k]!;
      keys.push({ index, cut, pts: scanner.keyPts[k]!, dts: scanner.keyDts[k]! });
    }
  }
  return { scanner, keys };
}

const wrapped = (ticks: number) => ((ticks % 2 ** 33) + 2 ** 33) % 2 ** 33;

/** Captures whose key frames are exactly those that ffprobe flags. */
const KEYED = [
  "ts/h264-aac/bear-640x360.ts",
  "ts/h264-aac/main.ts", // PES packets begin in the middle of access units
  "ts/h264-aac/test.ts",
  "ts/h264-aac/bipbop0.ts",
  "ts/hevc/bear-640x360-hevc.ts",
  "ts/hevc/portrait_hevc_aac_seg0.ts",
  "ts/hevc/obs_hevc_aac.ts",
  "ts/mpeg2-mp2/test-025.ts",
  "ts/mpeg2-mp2/bbb_2500ms.ts",
  "ts/ac3/dvb-h264-ac3-segments/s_00000.ts",
  "ts/derived/wrap_dvb_h264_ac3.ts",
  "ts/wrap/bear-640x360_ptswraparound.ts",
  "ts/scte35/80s_with_ad.ts",
  "ts/other-audio/sample_h263.ts",
  "ts/other-audio/bear-visualy-impaired-eng-audio.ts",
];

for (const path of KEYED) {
  test(`key frames of ${path} as ffprobe flags them, whatever the batches`, (t) => {
    const bytes = sharedMedia(path);
    if (bytes === undefined || !hasOracle(path)) return t.skip(missing(path));
    const packets = alignedPackets(bytes);
    const { scanner, keys } = scanAll(packets, packets.length);
    const stream = oracleStreams(path).find((s) => s.pid === scanner.keyPid)!;
    const expected = oraclePackets(path).filter((p) => p.stream === stream.index && p.key);
    assert.deepEqual(
      keys.map((k) => wrapped(k.pts)),
      expected.map((p) => wrapped(p.pts!)),
    );
    assert.ok(
      keys.every((key, i) => i === 0 || key.pts > keys[i - 1]!.pts),
      "unwrapped: ever growing",
    );
    for (const batch of [1, 7, 100]) {
      const again = scanAll(packets, batch).keys;
      assert.deepEqual(
        again.map((k) => [k.index, k.pts, k.dts]),
        keys.map((k) => [k.index, k.pts, k.dts]),
      );
    }
    for (const { cut, index } of keys) {
      assert.ok(cut <= index);
      if (cut < index) assert.equal(pidOf(packets, cut * PACKET_SIZE), 0, "a cut begins with the PAT");
    }
  });
}

/** Errors and duplicates; TSDuck counts one of the duplicates as an error where its content differs. */
const CONTINUITY: [string, { errors: number; duplicates: number; tei?: number }][] = [
  ["ts/broken/test-041.ts", { errors: 3, duplicates: 2 }],
  ["ts/derived/cc_errors_mpeg2_mp2.ts", { errors: 20, duplicates: 6, tei: 5 }],
  ["ts/derived/codec_change_same_pids.ts", { errors: 9, duplicates: 1 }],
  ["ts/derived/timeline_restart_and_jump.ts", { errors: 5, duplicates: 1 }],
  ["ts/mpts-si/csat_mux_11services.ts", { errors: 12, duplicates: 0 }],
  ["ts/mpts-si/test-030.ts", { errors: 5, duplicates: 0, tei: 9 }], // TSDuck judges a packet with TEI too
  ["ts/scrambled/csat_real_scrambled.ts", { errors: 1, duplicates: 0 }],
  ["ts/scte35/80s_with_ad.ts", { errors: 332, duplicates: 1 }],
  ["ts/h264-aac/main.ts", { errors: 0, duplicates: 0 }],
  ["ts/derived/mpts_4services_si_eit.ts", { errors: 0, duplicates: 0 }],
];

for (const [path, expected] of CONTINUITY) {
  test(`continuity of ${path}`, (t) => {
    const bytes = sharedMedia(path);
    if (bytes === undefined) return t.skip(missing(path));
    const { scanner } = scanAll(alignedPackets(bytes), 7);
    assert.deepEqual(
      { errors: scanner.ccErrors, duplicates: scanner.duplicates, tei: scanner.teiPackets },
      { tei: 0, ...expected },
    );
  });
}

test("tables: exact packets kept, changes counted, several programs", (t) => {
  const path = "ts/derived/mpts_4services_si_eit.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const packets = alignedPackets(bytes);
  const { scanner } = scanAll(packets, 50);
  assert.equal(scanner.programs.length, 4);
  assert.deepEqual(
    scanner.programs.map((p) => p.streams.length),
    [2, 2, 2, 2],
  );
  const tables = scanner.tablePackets();
  assert.equal(tables.length, 5);
  for (const table of tables) {
    // The last packet of this PID in the capture, byte for byte.
    let last = packets.length - PACKET_SIZE;
    while (pidOf(packets, last) !== pidOf(table, 0)) last -= PACKET_SIZE;
    assert.deepEqual(table, packets.slice(last, last + PACKET_SIZE));
  }
  assert.equal(
    scanner.pidPackets.reduce((sum, n) => sum + n, 0),
    scanner.packets,
  );
});

test("a PMT that changes under the same version number is noticed", (t) => {
  const path = "ts/derived/codec_change_same_pids.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const packets = alignedPackets(bytes);
  const scanner = new TsScanner();
  const types: number[] = [];
  let version = 0;
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    scanner.scan(packets, at, 1);
    if (scanner.tablesVersion === version) continue;
    version = scanner.tablesVersion;
    if (scanner.programs[0] !== undefined) types.push(scanner.programs[0].streams[0]!.streamType);
  }
  assert.deepEqual(types, [0x1b, 0x24, 0x1b]);
});

test("scrambled video: random access points are trusted, nothing is read", (t) => {
  const path = "ts/scrambled/test-026.csa.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const { scanner, keys } = scanAll(alignedPackets(bytes), 7);
  assert.equal(scanner.scrambledPackets, 5259);
  assert.deepEqual([keys.length, keys[0]!.pts], [1, Number.NaN]);
});

test("random_access_indicator on every frame is found out", (t) => {
  const path = "ts/h264-aac/test-072.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  assert.equal(scanAll(alignedPackets(bytes), 7).keys.length, 7); // 300 frames; the first false one is let through
});

test("PCR of the wrapping capture goes on and on", (t) => {
  const path = "ts/derived/wrap_dvb_h264_ac3.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const packets = alignedPackets(bytes);
  const scanner = new TsScanner();
  let last = -1;
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    scanner.scan(packets, at, 1);
    assert.ok(scanner.pcr27 >= last);
    last = scanner.pcr27;
  }
  assert.ok(last > 2 ** 33 * 300);
  assert.equal(scanner.pcrJumps, 0);
});

test("packets of rubbish never throw", () => {
  const packet = fc.tuple(fc.nat(0x3f), fc.nat(255), fc.uint8Array({ minLength: 185, maxLength: 185 }));
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 30 }), (list) => {
      const packets = new Uint8Array(list.length * PACKET_SIZE);
      list.forEach(([high, low, rest], i) => {
        packets.set([0x47, high & 0xe0, low & 0x1f], i * PACKET_SIZE);
        packets.set(rest, i * PACKET_SIZE + 3);
      });
      const scanner = new TsScanner();
      scanner.scan(packets, 0, list.length);
      assert.equal(scanner.packets, list.length);
    }),
    { numRuns: 200 },
  );
});
