import assert from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "../errors.ts";
import { spreadOf } from "../srt/srt.ts";
import { parseFamilyCpuSeconds } from "./machine.ts";
import type { BenchRecord } from "./record.ts";
import { renderPerformance } from "./report.ts";
import { runSuites } from "./run.ts";
import { pick, present, type Suite, serversOf } from "./suite.ts";

const options = {
  quick: true,
  readers: undefined,
  servers: undefined,
  transports: undefined,
  repeats: undefined,
  seconds: undefined,
  streams: undefined,
  packets: undefined,
  peers: new Map(),
  progress: () => {},
};
const good: Suite = {
  name: "fanout",
  title: "HTTP-TS to many readers",
  run: async ({ onSample }) => {
    onSample({ cpuSeconds: 1 });
    const ratio = spreadOf([1.2, 1.4]);
    const found = { goal: "http-ts-loop", where: "50 readers", measured: spreadOf([0.5]), unit: "CPU-s/GB" };
    return {
      text: "server  readers\n------  -------\nm            50",
      data: [Number.NaN],
      findings: [{ ...found, ratio }],
      missing: ["nginx: it is not installed"],
    };
  },
};
const bad: Suite = {
  name: "srt",
  title: "SRT to many receivers",
  run: () => Promise.reject(new BenchError("bench.tool", "srt-live-transmit is not installed")),
};

async function record(): Promise<{ record: BenchRecord; seen: string[] }> {
  const seen: string[] = [];
  const { records, goals } = await runSuites([bad, good], options, (one, soFar) =>
    seen.push(`${one.name} ${soFar.length}`),
  );
  const programs = { nginx: "1.22.1" };
  const machine = { cpu: "A CPU", cores: 2, memoryBytes: 2 ** 33, kernel: "Linux 6", node: "v26", programs };
  const given = { quick: true, peers: "peers.json", json: "out.json", suites: ["srt", "fanout"] };
  const head = { format: 1, machine, date: "2026-11-21T20:00:00.000Z", options: given } as const;
  const whole: BenchRecord = { ...head, suites: records, goals };
  return { record: JSON.parse(JSON.stringify(whole)) as BenchRecord, seen };
}

test("a suite that fails does not end the run, and its goals say why", async () => {
  const { record: it, seen } = await record();
  assert.deepEqual(seen, ["srt 1", "fanout 2"]);
  assert.equal(it.suites[0]?.error, "srt-live-transmit is not installed");
  assert.deepEqual(it.suites[1]?.samples, [{ cpuSeconds: 1 }]);
  const verdicts = new Map(it.goals.map((row) => [row.goal, [row.verdict, row.reason]]));
  assert.deepEqual(verdicts.get("srt-fanout"), ["not measured", "srt-live-transmit is not installed"]);
  assert.deepEqual(verdicts.get("http-ts-loop"), ["held", undefined]);
  assert.deepEqual(verdicts.get("viewer-memory"), ["not measured", "nginx: it is not installed"]);
});

test("the page tells the machine, how to repeat it, the goals and all tables", async () => {
  const { record: it } = await record();
  const busy = it.suites.map((suite) => ({ ...suite, otherLoad: 1.5 }));
  const page = renderPerformance({ ...it, suites: busy });
  for (const part of [
    "A CPU, 2 cores, 8.0 GiB; Linux 6; Node v26;\nnginx 1.22.1. Measured on 2026-11-21, the quick way.",
    "Other processes took, of one core: srt 150 %, fanout 150 %.",
    "npm run bench -- --quick --peers peers.json --json bench.json",
    "| HTTP-TS, by the C loop's | 50 readers | 0.50 CPU-s/GB | 1.30 (1.20…1.40) | ≤ 1.5 × | held |",
    "## HTTP-TS to many readers",
    "| server | readers |\n|---|---:|\n| m | 50 |",
    "Failed: srt-live-transmit is not installed",
    "Not measured: nginx: it is not installed.",
  ])
    assert.ok(page.includes(part), `${part}\n\nis not in\n\n${page}`);
  const quiet = it.suites.map((suite) => ({ ...suite, otherLoad: 0 }));
  assert.match(renderPerformance({ ...it, suites: quiet }), /The machine did nothing else\./);
});

test("numbers are those given, or those of a quick or a thorough run", () => {
  const both = { quick: 1, thorough: 3 };
  assert.equal(pick(7, { quick: true }, both), 7);
  assert.equal(pick(undefined, { quick: true }, both), 1);
  assert.equal(pick(undefined, { quick: false }, both), 3);
});

test("servers that are not there are left out, unless they were asked for", () => {
  const missing = (name: string) => (name === "b" ? "b is not installed" : undefined);
  assert.deepEqual(present(["a", "b"], missing, undefined), {
    here: ["a"],
    reasons: ["b: b is not installed"],
  });
  assert.throws(() => present(["a", "b"], missing, ["b"]), { code: "bench.tool" });
  assert.deepEqual(serversOf(["a", "b"], [" b"]), ["b"]);
  assert.throws(() => serversOf(["a"], ["c"]), { code: "bench.usage", message: /there are a/ });
});

test("a process's time is its own and that of children which ended", () => {
  const stat = "1 (no de) S 0 1 1 0 -1 0 0 0 0 0 100 20 300 4 20 0 8 0";
  assert.equal(parseFamilyCpuSeconds(stat), 4.24);
});
