import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketAligner, TsAnalyser, type TsReport } from "@millrace/mpegts";
import { listShared, readShared, readSharedText, skipReason } from "./si-media.ts";

/** Readings by TSDuck's `tsanalyze --normalized` of every capture, against ours. */

type Line = Readonly<Record<string, string>>;

interface Difference {
  /** Where we differ, as the comparison names it; a regular expression. */
  readonly what: RegExp;
  readonly why: string;
}

const SYNC: Difference = {
  what: /./,
  why: "TSDuck reads files of plain 188-byte packets only: no resynchronisation, no M2TS",
};
const PMT_FIRST: Difference = {
  what: /^sections 32\/2\/1$/,
  why: "a PMT before the first PAT is not known to be one",
};
const AVERAGE: Difference = {
  what: /^bitrate$/,
  why: "TSDuck averages the rates between PCRs, not packets over time; the rate varies",
};
const REPEATED: Difference = {
  what: /^(cc|dup|cc\+dup) /,
  why: "TSDuck allows a counter to stand still for ever; the standard allows one duplicate",
};
const SAME_COUNTER: Difference = {
  what: /^(cc|dup|pcr|pts|sections) /,
  why: "other content under the same counter is a loss, not a duplicate",
};

const DIFFERENCES: ReadonlyMap<string, readonly Difference[]> = new Map([
  ["broken/bear.m2ts", [SYNC]],
  ["derived/resync_garbage.ts", [SYNC]],
  ["mpts-si/test-103.ts", [PMT_FIRST]],
  ["scte35/kyrion_dirtystart.ts", [PMT_FIRST]],
  ["broken/test-041.ts", [REPEATED]],
  ["broken/test-049.ts", [REPEATED]],
  ["scte35/80s_with_ad.ts", [REPEATED]],
  ["derived/codec_change_same_pids.ts", [SAME_COUNTER, AVERAGE]],
  [
    "derived/timeline_restart_and_jump.ts",
    [
      SAME_COUNTER,
      AVERAGE,
      { what: /^PMT PID 1$/, why: "the program changes its PMT PID: the last one is reported" },
    ],
  ],
  ["scte35/ffmpeg.ts", [SAME_COUNTER]],
  [
    "mpts-si/test-108.ts",
    [{ what: /^table 21\//, why: "network synchronization (DVB-T MIP) is not read as sections" }],
  ],
  ["ac3/bear-640x360-ac3.ts", [AVERAGE]],
  ["ac3/dvb-h264-ac3-segments/s_00000.ts", [AVERAGE]],
  ["mpeg2-mp2/bbb_2500ms.ts", [AVERAGE]],
  ["other-audio/opus2880_h264.ts", [AVERAGE]],
  ["wrap/bear-640x360_ptswraparound.ts", [AVERAGE]],
  ["subtitles/id3.ts", [AVERAGE]],
]);

function analyse(path: string): TsReport {
  const analyser = new TsAnalyser();
  const aligner = new PacketAligner((buf, start, count) => analyser.push(buf, start, count));
  aligner.push(readShared(path));
  aligner.flush();
  analyser.noteSync(aligner);
  return analyser.report();
}

/** Lines of `key=value` pairs and bare words between colons. */
function parseLines(text: string): Line[] {
  return text.split("\n").map((line) =>
    Object.fromEntries(
      line.split(":").map((field) => {
        const at = field.indexOf("=");
        return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
      }),
    ),
  );
}

class Comparison {
  readonly differences: { what: string; ours: string; theirs: string }[] = [];
  compared = 0;

  equal(what: string, ours: unknown, theirs: unknown): void {
    this.compared++;
    if (String(ours) !== String(theirs))
      this.differences.push({ what, ours: String(ours), theirs: String(theirs) });
  }
}

function compare(report: TsReport, lines: readonly Line[]): Comparison {
  const result = new Comparison();
  for (const line of lines) {
    if (line["ts"] !== undefined) compareStream(report, line, result);
    if (line["service"] !== undefined) compareService(report, line, result);
    if (line["pid"] !== undefined && line["packets"] !== undefined && line["pcr"] !== undefined)
      comparePid(report, line, result);
    if (line["table"] !== undefined) compareTable(report, line, result);
  }
  return result;
}

function compareStream(report: TsReport, line: Line, result: Comparison): void {
  result.equal("packets", report.packets, line["packets"]);
  result.equal("services", report.programs.length, line["services"]);
  result.equal("transport errors", report.tr101290.priority2.Transport_error, line["transporterrors"]);
  const theirs = Number(line["bitrate"]);
  const off = Math.abs((report.bitrate ?? 0) / theirs - 1);
  // Constant rates agree to the bit a second but one; variable ones to what averaging makes of them.
  if (theirs > 0) result.equal("bitrate", off < (report.constantRate ? 0.003 : 0.02), true);
}

function compareService(report: TsReport, line: Line, result: Comparison): void {
  const program = report.programs.find(({ number }) => number === Number(line["id"]));
  result.equal(`name ${line["id"]}`, program?.name || "(unknown)", line["name"]);
  result.equal(`provider ${line["id"]}`, program?.provider || "(unknown)", line["provider"]);
  result.equal(`PCR PID ${line["id"]}`, program?.pcrPid, line["pcrpid"]);
  result.equal(`access ${line["id"]}`, program?.scrambled ? "scrambled" : "clear", line["access"]);
  result.equal(`PMT PID ${line["id"]}`, program?.pmtPid, line["pmtpid"]);
}

function comparePid(report: TsReport, line: Line, result: Comparison): void {
  const number = Number(line["pid"]);
  const pid = report.pids.find((one) => one.pid === number);
  result.equal(`packets ${number}`, pid?.packets ?? 0, line["packets"]);
  if (pid === undefined) return;
  result.equal(`cc ${number}`, pid.ccErrors, line["discontinuities"]);
  result.equal(`dup ${number}`, pid.duplicates, line["duplicated"]);
  result.equal(`scrambled ${number}`, pid.scrambled, line["scrambled"]);
  // Null packets may carry anything.
  if (line["unitstart"] !== undefined && number !== 0x1fff)
    result.equal(`starts ${number}`, pid.unitStarts, line["unitstart"]);
  result.equal(`pcr ${number}`, report.pcr.find((one) => one.pid === number)?.count ?? 0, line["pcr"]);
  if (line["firstpts"] === undefined) return;
  const pts = `${pid.pts?.count} ${pid.pts?.first} ${pid.pts?.last}`;
  result.equal(`pts ${number}`, pts, `${line["pts"]} ${line["firstpts"]} ${line["lastpts"]}`);
}

function compareTable(report: TsReport, line: Line, result: Comparison): void {
  const key = `${line["pid"]}/${line["tid"]}/${line["tidext"] ?? "-"}`;
  const ours = report.tables.find(
    ({ pid, tableId, extension }) => `${pid}/${tableId}/${extension ?? "-"}` === key,
  );
  result.equal(`table ${key}`, ours !== undefined, true);
  if (ours === undefined) return;
  result.equal(`sections ${key}`, ours.sections, line["sections"]);
  if (line["lastversion"] !== undefined) result.equal(`version ${key}`, ours.version, line["lastversion"]);
}

test("every capture reads as TSDuck reads it, but for the differences explained", (t) => {
  const reason = skipReason("oracle/ts");
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  let compared = 0;
  const files = listShared("oracle/ts", ".tsanalyze.txt");
  for (const file of files) {
    const path = file.replace("oracle/", "").replace(".tsanalyze.txt", "");
    const result = compare(analyse(path), parseLines(readSharedText(file)));
    const allowed = DIFFERENCES.get(path.slice("ts/".length)) ?? [];
    const unexplained = result.differences.filter(({ what }) => !allowed.some((d) => d.what.test(what)));
    assert.deepEqual(unexplained, [], path);
    const stale = allowed.filter((d) => !result.differences.some(({ what }) => d.what.test(what)));
    assert.deepEqual(stale, [], `${path}: explained, but there is no such difference`);
    compared += result.compared;
  }
  assert.ok(files.length >= 70, `${files.length} captures`);
  assert.ok(compared > 5000, `${compared} figures`);
});

test("losses that were made on purpose are found", (t) => {
  const path = "ts/derived/cc_errors_mpeg2_mp2.ts";
  const reason = skipReason(path);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const { events } = JSON.parse(readSharedText(`${path}.truth.json`)) as { events: { kind: string }[] };
  const count = (kind: string) => events.filter((event) => event.kind === kind).length;
  const report = analyse(path);
  assert.equal(report.duplicates, count("duplicate"));
  assert.equal(report.tr101290.priority2.Transport_error, count("transport_error_indicator"));
  assert.ok(
    report.ccErrors >= count("drop") + count("transport_error_indicator"),
    `${report.ccErrors} errors`,
  );
});

test("bytes missing and bytes inserted", (t) => {
  const path = "ts/derived/resync_garbage.ts";
  const reason = skipReason(path);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const report = analyse(path);
  assert.equal(report.tr101290.priority1.TS_sync_loss, 2);
  assert.equal(report.programs[0]?.streams.length, 2);
});
