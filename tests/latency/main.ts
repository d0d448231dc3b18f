import { parseArgs } from "node:util";
import { whyNoClock } from "../e2e/kit/clock-encoder.ts";
import { quantile } from "../e2e/kit/picture-clock.ts";
import type { Scope } from "../e2e/kit/scope.ts";
import type { TestServer } from "../e2e/kit/server.ts";
import { measure, startClockServer, WAYS, type Way } from "./measure.ts";

const USAGE = `usage: npm run latency -- [--ways ${WAYS.map(({ name }) => name).join(",")}] [--seconds 20] [--settle 15]
                          [--input rtmp|mpegts] [--fps 25] [--gop 2]`;

const { values } = parseArgs({
  options: {
    ways: { type: "string" },
    seconds: { type: "string", default: "20" },
    settle: { type: "string", default: "15" },
    input: { type: "string", default: "rtmp" },
    fps: { type: "string", default: "25" },
    gop: { type: "string", default: "2" },
  },
});

const names = values.ways?.split(",") ?? WAYS.map(({ name }) => name);
const ways = WAYS.filter(({ name }) => names.includes(name));
const { input } = values;
if (ways.length !== names.length || (input !== "rtmp" && input !== "mpegts")) {
  console.error(USAGE);
  process.exit(2);
}

/** Closes what was opened, the last one first. */
class Run implements Scope {
  readonly #stops: (() => unknown)[] = [];

  after(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  skip(why: string): void {
    console.error(`nothing is measured: ${why}`);
    process.exitCode = 2;
  }

  async close(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) await stop();
  }
}

const whyNot = await whyNoClock();
if (whyNot !== undefined) {
  console.error(`nothing is measured: ${whyNot}`);
  process.exit(2);
}

const seconds = Number(values.seconds);

/** A row of the table; undefined where there is no browser. */
async function rowOf(server: TestServer, way: Way): Promise<string | undefined> {
  const run = new Run();
  try {
    const seen = await measure(run, server, { way, settleS: Number(values.settle), seconds });
    if (seen === undefined) return undefined;
    const [median = Number.NaN, late, most] = [0.5, 0.95, 1].map((part) => Math.round(quantile(seen, part)));
    const holds = median <= way.mostMs;
    if (!holds) process.exitCode = 1;
    const times = [median, late, most, seen.longestMs].map((ms) => `${ms} ms`);
    const rate = (seen.delaysMs.length / seconds).toFixed(1);
    const cells = [way.name, ...times, rate, seen.stalls, `${way.mostMs} ms`, holds ? "" : "OVER"];
    return `| ${cells.join(" | ")} |`;
  } finally {
    await run.close();
  }
}

const run = new Run();
try {
  const server = await startClockServer(run, { input, fps: Number(values.fps), gopS: Number(values.gop) });
  console.log("| way | median | 95 % | most | longest gap | pictures/s | stalls | bound of the median | |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
  for (const way of ways) {
    const row = await rowOf(server, way);
    if (row === undefined) break;
    console.log(row);
  }
} finally {
  await run.close();
}
