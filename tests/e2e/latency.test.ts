import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { measure, startClockServer, WAYS } from "../latency/measure.ts";
import { whyNoClock } from "./kit/clock-encoder.ts";
import { quantile } from "./kit/picture-clock.ts";
import type { TestServer } from "./kit/server.ts";

const LOW = ["mse", "ll-hls", "ll-dash-dashjs", "ll-dash-shaka"];
/**
 * A machine that has other things to do is so many times as late, at most: enough to tell low latency from none. What holds
 * where nothing else runs is tested by `npm run latency`.
 */
const BUSY = 4;

describe("the clock in the picture", () => {
  const stops: (() => unknown)[] = [];
  let server: TestServer;
  let whyNot: string | undefined;

  before(async () => {
    whyNot = await whyNoClock();
    if (whyNot !== undefined) return;
    const scope = { after: (stop: () => unknown) => stops.push(stop), skip: () => undefined };
    server = await startClockServer(scope, { input: "rtmp" });
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  for (const way of WAYS.filter(({ name }) => LOW.includes(name))) {
    test(`is read from what ${way.name} shows, and is not far behind`, async (t) => {
      if (whyNot !== undefined) {
        t.skip(whyNot);
        return;
      }
      const seen = await measure(t, server, { way, settleS: 4, seconds: 5 });
      if (seen === undefined) return;
      const [least, median, late] = [0, 0.5, 0.95].map((part) => quantile(seen, part));
      t.diagnostic(
        `behind by ${median} ms, 95 % by at most ${late} ms, in ${seen.delaysMs.length} pictures; ${seen.stalls} stalls`,
      );
      assert.ok(seen.delaysMs.length > 10, `${seen.delaysMs.length} pictures in 5 s`);
      assert.ok(seen.unread <= seen.delaysMs.length / 20, `no time in ${seen.unread} of them`);
      assert.ok(least !== undefined && least >= 0, "a picture before its time");
      assert.ok(median !== undefined && median <= BUSY * way.mostMs, `${median} ms`);
    });
  }
});
