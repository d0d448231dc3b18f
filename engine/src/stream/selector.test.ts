import assert from "node:assert/strict";
import { test } from "node:test";
import type { Logger, Source, StreamWriter } from "../api.ts";
import { TestClock } from "../testing/lane-kit.ts";
import { Input, type InputHost } from "./input.ts";
import { Selector } from "./selector.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };
const TRACK = { id: 1, kind: "audio", codec: "aac", timescale: 90_000 } as const;

/** A source that does what the test says. */
class PuppetSource implements Source {
  readonly lane = "units";
  into: StreamWriter | undefined;
  starts = 0;
  refuse = false;
  #end: (() => void) | undefined;

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    this.starts++;
    if (this.refuse) throw new Error("connection refused");
    this.into = into;
    into.setTracks([TRACK]);
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.into = undefined;
  }

  get running(): boolean {
    return this.into !== undefined;
  }

  end(): void {
    this.#end?.();
  }
}

function setUp(...specs: { priority?: number; timeoutMs?: number; backup?: boolean }[]) {
  const clock = new TestClock();
  const selector = new Selector(() => clock.ns);
  const log: string[] = [];
  const host: InputHost = {
    nowNs: () => clock.ns,
    log: SILENT,
    offer: (input) => {
      if (!selector.mayGoOnAir(input)) return false;
      const before = selector.active;
      selector.active = input;
      input.goOnAir(true);
      if (before !== undefined && before !== input) void before.stop();
      log.push(input.config.url);
      return true;
    },
    onTs: () => {},
    onTracks: () => {},
    onUnit: () => {},
    onBreak: () => {},
    onStopped: (input) => {
      if (selector.active === input) selector.active = undefined;
      selector.tick();
    },
  };
  const sources = specs.map(() => new PuppetSource());
  const inputs = specs.map((spec, i) => {
    const url = String.fromCharCode(97 + i);
    const config = {
      url,
      scheme: "x",
      priority: spec.priority ?? i + 1,
      sourceTimeoutMs: spec.timeoutMs ?? 2000,
      options: {},
    };
    const open = (): Source => sources[i] as PuppetSource;
    return new Input({ config, host, open, isBackup: spec.backup ?? false });
  });
  selector.setInputs(inputs);
  /** Lets time pass, with media from the sources named. */
  const pass = async (ms: number, ...feeding: number[]): Promise<void> => {
    for (let at = 0; at < ms; at += 100) {
      clock.advanceMs(100);
      for (const i of feeding) {
        const unit = { track: 1, pts: 0, dts: 0, key: true, discontinuity: false, data: [], wallMs: 0 };
        sources[i]?.into?.unit(unit);
      }
      selector.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, selector, sources, inputs, log, pass };
}

test("the first input that delivers is on air, and only it runs", async () => {
  const { sources, log, pass } = setUp({}, {});
  await pass(1000, 0);
  assert.deepEqual(log, ["a"]);
  assert.deepEqual(
    sources.map((source) => source.running),
    [true, false],
  );
});

test("silence beyond the time-out switches to the next, and back when the first returns", async () => {
  const { sources, log, pass, inputs } = setUp({}, {});
  await pass(500, 0, 1);
  await pass(1900, 1);
  assert.deepEqual(log, ["a"], "not yet");
  await pass(400, 1);
  assert.deepEqual(log, ["a", "b"]);
  assert.match(inputs[0]?.lastError ?? "", /no media for 2000 ms/);
  await pass(7000, 1);
  assert.ok((sources[0]?.starts ?? 0) >= 2, "the better one is tried again");
  assert.deepEqual(log, ["a", "b"], "but it is not on air before it delivers");
  await pass(8000, 0, 1);
  assert.deepEqual(log, ["a", "b", "a"]);
  assert.equal(sources[1]?.running, false);
});

test("a refused connection switches at once", async () => {
  const { sources, log, pass } = setUp({}, {});
  (sources[0] as PuppetSource).refuse = true;
  await pass(300, 0, 1);
  assert.deepEqual(log, ["b"]);
});

test("inputs of equal priority are not switched back", async () => {
  const { log, pass, sources } = setUp({ priority: 1 }, { priority: 1 });
  await pass(500, 0);
  await pass(3000, 1);
  assert.deepEqual(log, ["a", "b"]);
  await pass(20_000, 0, 1);
  assert.deepEqual(log, ["a", "b"]);
  assert.equal(sources[0]?.running, false);
});

test("at the start the next input is tried when the first gives nothing for ten seconds", async () => {
  const { log, pass } = setUp({ timeoutMs: 60_000 }, {});
  await pass(9000, 1);
  assert.deepEqual(log, []);
  await pass(2000, 1);
  assert.deepEqual(log, ["b"]);
});

test("the backup plays only while nothing else delivers, beside the attempts", async () => {
  const { log, pass, sources } = setUp({}, { backup: true });
  await pass(500, 0, 1);
  assert.equal(sources[1]?.starts, 0);
  await pass(3000, 1);
  assert.deepEqual(log, ["a", "b"]);
  await pass(10_000, 1);
  assert.ok((sources[0]?.starts ?? 0) >= 2);
  await pass(6000, 0, 1);
  assert.deepEqual(log, ["a", "b", "a"]);
  assert.equal(sources[1]?.running, false);
});

test("an input that ends is tried again with growing pauses", async () => {
  const { sources, pass } = setUp({});
  const source = sources[0] as PuppetSource;
  source.refuse = true;
  await pass(30_000);
  // 2, 4, 8 and then 10 seconds apart.
  assert.ok(source.starts >= 4 && source.starts <= 6, String(source.starts));
  source.refuse = false;
  await pass(11_000, 0);
  assert.ok(source.running);
  source.end();
  await pass(1500, 0);
  assert.ok(source.running, "media flowed: the next attempt comes after a second");
});
