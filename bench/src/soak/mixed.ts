import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile } from "../compile.ts";
import { LOAD_CORE, type Program, start } from "../program.ts";
import { Churn } from "./churn.ts";
import { type MixedField, startField } from "./field.ts";
import { type GroupReport, isMachineBusy, judgeMixed, type MixedSample, slopeAfterWarmUp } from "./judge.ts";
import { Sampler } from "./sampler.ts";
import { groupsText, MIXED_HEAD, minuteLine } from "./text.ts";
import { readEnd, startViewers, type ViewerKind } from "./viewers.ts";

export interface MixedOptions {
  readonly minutes: number;
  /** What viewers are added for, share of one core. */
  readonly load: number;
  readonly workers: number;
}

const LOOK_MS = 5000;
const MINUTE_MS = 60_000;
/** When in a minute inputs fail, and for how long. */
const FAIL_AT_MS = 20_000;
const FAIL_MS = 8000;
/** Those who stay, besides what is added to reach the load. */
const BASE: readonly (readonly [kind: ViewerKind, readers: number])[] = [
  ["http-ts", 50],
  ["http-flv", 50],
  ["rtmp", 50],
  ["srt", 10],
  ["hls", 20],
];
const PROBE_READERS = 100;
const MOST_READERS = 1500;
/** No viewer of 4 Mbit/s costs less of a core: two measurements so short may say so. */
const LEAST_COST = 2.5e-4;
const MEASURE_MS = 4000;
const BOUNDS = { mbPerMinute: 2, loopP99Ms: 250, stalls: 0, failedComings: 0.01 };

/**
 * A server under a load of all protocols: viewers who stay must have no stall while others come and go and inputs fail, and
 * memory must not grow. Prints a line a minute; returns what broke its bound.
 */
export async function soakMixed(options: MixedOptions): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-soak-"));
  try {
    await using stack = new AsyncDisposableStack();
    const field = await startField(folder, options.workers, stack);
    const sampler = new Sampler(field);
    stack.defer(() => sampler.stop());
    return await soak(options, { folder, field, sampler, stack });
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ground {
  readonly folder: string;
  readonly field: MixedField;
  readonly sampler: Sampler;
  readonly stack: AsyncDisposableStack;
}

async function soak(options: MixedOptions, ground: Ground): Promise<string[]> {
  const { folder, field, sampler, stack } = ground;
  const groups = await fill(options, ground);
  const churn = new Churn(field, folder);
  stack.defer(() => churn.stop());
  const samples: MixedSample[] = [];
  let failures = 0;
  let failing: Promise<void> = Promise.resolve();
  const switchesBefore = await sampler.switchesOf("u");
  console.log(MIXED_HEAD);
  const endMs = performance.now() + options.minutes * MINUTE_MS;
  for (let minute = 1, minuteMs = performance.now(); performance.now() < endMs; ) {
    await Promise.race([sleep(LOOK_MS), field.served.server.ended]);
    samples.push(await sampler.look());
    const inMinuteMs = performance.now() - minuteMs;
    const mayFail = endMs - performance.now() > FAIL_MS + 2 * LOOK_MS;
    if (failures < minute && inMinuteMs >= FAIL_AT_MS && mayFail) {
      failures = minute;
      failing = field.failInputs(FAIL_MS);
      failing.catch(() => {});
    }
    if (inMinuteMs < MINUTE_MS) continue;
    console.log(minuteLine(minute, lastMinute(samples), churn));
    minute += 1;
    minuteMs += MINUTE_MS;
  }
  await failing;
  const switches = (await sampler.switchesOf("u")) - switchesBefore;
  await churn.stop();
  const { reports, broken } = await endAll(groups);
  console.log(groupsText(reports));
  for (const [name, of] of [
    ["RSS", (one: MixedSample) => one.rssMb],
    ["heap", (one: MixedSample) => one.heapMb],
  ] as const) {
    const slope = slopeAfterWarmUp(samples, of);
    console.log(
      `${name}: ${slope === undefined ? "not judged, for it took too short" : `${slope.toFixed(2)} MB a minute`}`,
    );
  }
  console.log(
    `${churn.comings} came and went, ${churn.failures} of them not served; ${failures} failures of inputs, ${switches} switches`,
  );
  const waited = Math.max(...samples.map((sample) => sample.waitShare));
  console.log(`no core for the server: in up to ${(waited * 100).toFixed(0)} % of five seconds`);
  if (isMachineBusy(samples))
    console.log("event-loop delay: not judged, for the server was kept from its core");
  for (const complaint of churn.complaints) console.log(`  ${complaint}`);
  const { comings, failures: failedComings } = churn;
  return judgeMixed({ samples, groups: reports, broken, comings, failedComings, failures, switches }, BOUNDS);
}

const lastMinute = (samples: readonly MixedSample[]): MixedSample[] =>
  samples.filter((sample) => sample.seconds > (samples.at(-1)?.seconds ?? 0) - MINUTE_MS / 1000);

type Groups = ReadonlyMap<string, Program>;

/** Puts those on the server who stay: some of each kind, then as many over HTTP-TS as the load still lacks. */
async function fill(options: MixedOptions, { folder, field, sampler, stack }: Ground): Promise<Groups> {
  const groups = new Map<string, Program>();
  // They end together: later ones watch for as much less.
  const untilMs = performance.now() + options.minutes * MINUTE_MS + 6 * MEASURE_MS;
  const add = async (name: string, kind: ViewerKind, readers: number): Promise<void> => {
    const seconds = Math.round((untilMs - performance.now()) / 1000);
    const viewers = stack.use(startViewers(field, folder, { kind, readers, seconds }));
    groups.set(name, viewers);
    await viewers.line((line) => line.includes('"start"'));
  };
  const measure = async (): Promise<number> => {
    sampler.load();
    await sleep(MEASURE_MS);
    return sampler.load();
  };
  const udpSeconds = Math.round((untilMs - performance.now()) / 1000);
  const udpWords = [field.udpPort, 0, udpSeconds].map(String);
  groups.set("udp", stack.use(start(LOAD_CORE, compile("udp-sink", folder), udpWords)));
  for (const [kind, readers] of BASE) await add(kind, kind, readers);
  const base = await measure();
  await add("http-ts, more", "http-ts", PROBE_READERS);
  const more = await measure();
  const each = Math.max((more - base) / PROBE_READERS, LEAST_COST);
  const readers = Math.min(MOST_READERS, Math.round((options.load - more) / each));
  if (readers > 0) await add("http-ts, most", "http-ts", readers);
  console.log(
    `${(base * 100).toFixed(0)} % of a core with ${BASE.reduce((sum, [, count]) => sum + count, 0)} viewers; ` +
      `${Math.max(0, readers) + PROBE_READERS} more over HTTP-TS make it ${((await measure()) * 100).toFixed(0)} %`,
  );
  return groups;
}

async function endAll(groups: Groups): Promise<{ reports: GroupReport[]; broken: string[] }> {
  const reports: GroupReport[] = [];
  const broken: string[] = [];
  for (const [name, program] of groups)
    try {
      reports.push(readEnd(name, await program.line((line) => line.includes('"end"'))));
    } catch (error) {
      broken.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  return { reports, broken };
}
