import assert from "node:assert/strict";
import { test } from "node:test";
import type { TsReport } from "@millrace/mpegts";
import { formatReport } from "./format-report.ts";

const REPORT: TsReport = {
  packets: 37_291,
  bytes: 7_010_708,
  bitrate: 4_300_000,
  bitrateBy: "pcr",
  constantRate: true,
  durationMs: 13_043,
  nullPackets: 7409,
  nullShare: 0.1987,
  rubbishBytes: 1,
  scrambledPackets: 0,
  ccErrors: 2,
  duplicates: 0,
  transportStreamId: 1001,
  networkName: "Réseau Démo",
  utcMs: Date.UTC(2026, 10, 21, 20, 0, 12),
  programs: [
    {
      number: 101,
      pmtPid: 0x1000,
      pcrPid: 0x100,
      mapped: true,
      listed: true,
      name: "Channel One",
      provider: "Millrace",
      serviceType: 0x19,
      channel: 1,
      now: "Сериал «Звезда»",
      scrambled: true,
      caSystems: [0x500],
      bitrate: 2_665_000,
      streams: [
        {
          pid: 0x100,
          streamType: 0x1b,
          kind: "video",
          codec: "h264",
          name: "H.264",
          languages: [],
          format: { text: "High@4.0 1920x1080i25" },
        },
        { pid: 0x101, streamType: 6, kind: "audio", codec: "ac3", name: "AC-3", languages: ["deu"] },
      ],
    },
    {
      number: 102,
      pmtPid: 0x1001,
      mapped: false,
      listed: false,
      scrambled: false,
      caSystems: [],
      streams: [],
    },
  ],
  pids: [
    {
      pid: 0,
      label: "PAT",
      programs: [],
      languages: [],
      packets: 150,
      share: 0.004,
      bitrate: 17_296,
      unitStarts: 150,
      scrambled: 0,
      ccErrors: 0,
      duplicates: 0,
      crcErrors: 0,
      randomAccess: 0,
    },
    {
      pid: 0x101,
      label: "AC-3",
      programs: [101, 102],
      languages: ["deu"],
      packets: 3663,
      share: 0.0982,
      bitrate: 422_000,
      unitStarts: 100,
      scrambled: 12,
      ccErrors: 2,
      duplicates: 0,
      crcErrors: 0,
      randomAccess: 0,
      pts: { count: 100, first: 0, last: 90_000, maxIntervalMs: 121.4 },
    },
  ],
  pcr: [
    {
      pid: 0x100,
      programs: [101],
      count: 679,
      first: 0,
      last: 1,
      interval: { minMs: 3.46, meanMs: 19.2, maxMs: 21 },
      bitrate: 4_300_000,
      constantRate: true,
      accuracy: { maxNs: 19.5, rmsNs: 8 },
      announcedDiscontinuities: 1,
      unannouncedDiscontinuities: 2,
    },
  ],
  tables: [
    {
      pid: 0,
      tableId: 0,
      name: "PAT",
      extension: 1001,
      version: 3,
      versionChanges: 0,
      sections: 150,
      lastSectionNumber: 0,
      interval: { minMs: 2.8, meanMs: 87, maxMs: 100 },
    },
    ...[1, 2, 3, 4, 5].map((extension) => ({
      pid: 0x12,
      tableId: 0x4e,
      name: "EIT p/f actual",
      extension,
      version: 0,
      versionChanges: 0,
      sections: 2,
      lastSectionNumber: 1,
    })),
    { pid: 0x14, tableId: 0x70, name: "TDT", versionChanges: 0, sections: 13, lastSectionNumber: 0 },
  ],
  tr101290: {
    priority1: {
      TS_sync_loss: 1,
      Sync_byte_error: 0,
      PAT_error: 0,
      Continuity_count_error: 2,
      PMT_error: 0,
      PID_error: 0,
    },
    priority2: {
      Transport_error: 0,
      CRC_error: 0,
      PCR_error: 2,
      PCR_repetition_error: 0,
      PCR_discontinuity_indicator_error: 2,
      PCR_accuracy_error: 0,
      PTS_error: 0,
      CAT_error: 1,
    },
  },
};

const TEXT = `
capture.mpegts
37,291 packets · 13.0 s · 4.300 Mbit/s constant · null 19.9%
transport stream 1001 · network Réseau Démo · 2026-11-21T20:00:12Z
2 continuity errors · 1 sync loss · 1 byte of rubbish

Program 101 Channel One
  Millrace · channel 1 · HD television · 2.665 Mbit/s · PMT 0x1000 · PCR 0x0100 · scrambled (0x0500)
  now: Сериал «Звезда»
  0x0100  H.264       High@4.0 1920x1080i25
  0x0101  AC-3   deu

Program 102
  – · PMT 0x1001 · not seen · no longer in the PAT

PIDs
  PID     what       prog  packets  share  kbit/s  CC  dup  scr  PTS max ms
  0x0000  PAT                  150   0.4%      17   ·    ·    ·
  0x0101  AC-3 deu  101+1    3,663   9.8%     422   2    ·   12         121

PCR
  PID     programs  count  interval ms min/mean/max  accuracy  rate      breaks
  0x0100  101         679             3.5 / 19 / 21    ±20 ns  constant       3

Tables
  PID     table           id    extension     version  sections  repeats ms min/mean/max
  0x0000  PAT             0x00  0x03E9              3       150           2.8 / 87 / 100
  0x0012  EIT p/f actual  0x4E  5 sub-tables                 10                        –
  0x0014  TDT             0x70                               13                        –

ETSI TR 101 290
  priority 1                   priority 2
  TS_sync_loss            1    Transport_error                    ·
  Sync_byte_error         ·    CRC_error                          ·
  PAT_error               ·    PCR_error                          2
  Continuity_count_error  2    PCR_repetition_error               ·
  PMT_error               ·    PCR_discontinuity_indicator_error  2
  PID_error               ·    PCR_accuracy_error                 ·
                               PTS_error                          ·
                               CAT_error                          1
`;

test("the report reads like this", () => {
  assert.equal(`\n${formatReport(REPORT, "capture.mpegts")}`, TEXT);
});

test("a report of next to nothing", () => {
  const { bitrate: _, durationMs: __, ...rest } = REPORT;
  const bare = { ...rest, programs: [], pids: [], pcr: [], tables: [] };
  const text = formatReport(bare);
  assert.match(text, /^37,291 packets · – constant · null 19\.9%\n/);
  assert.doesNotMatch(text, /PIDs|PCR\n|Tables/);
});
