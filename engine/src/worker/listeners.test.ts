import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerConfig } from "@millrace/model";
import type { Listener, Logger } from "../api.ts";
import { Listeners } from "./listeners.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

function configOf(workers: number): ServerConfig {
  return { http: [], workers, streams: [], livePrefixes: [], rewrites: [], fileLocations: [], options: {} };
}

/** A listener whose changes last until they are told to end. */
class SlowListener implements Listener {
  readonly events: string[] = [];
  readonly #waiting: ((problems: readonly string[]) => void)[] = [];
  #busy = 0;

  apply(server: ServerConfig): Promise<readonly string[]> {
    assert.equal(this.#busy++, 0, "never twice at once");
    this.events.push(`apply ${server.workers}`);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    assert.equal(this.#busy, 0, "not during a change");
    this.events.push("close");
  }

  async finish(...problems: string[]): Promise<void> {
    this.#busy--;
    this.#waiting.shift()?.(problems);
    await settle();
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("changes come one after another, and of those that wait only the last", async () => {
  const slow = new SlowListener();
  const listeners = new Listeners(SILENT, [{ name: "slow", listener: slow }]);
  const first = listeners.apply(configOf(1));
  const overtaken = [listeners.apply(configOf(2)), listeners.apply(configOf(3))];
  const last = listeners.apply(configOf(4));
  await settle();
  assert.deepEqual(slow.events, ["apply 1"]);
  await slow.finish("port 1 is taken");
  assert.deepEqual(slow.events, ["apply 1", "apply 4"]);
  await slow.finish("port 4 is taken");
  assert.deepEqual(await first, ["port 1 is taken"]);
  assert.deepEqual(await Promise.all(overtaken), [[], []]);
  assert.deepEqual(await last, ["port 4 is taken"]);
  const again = listeners.apply(configOf(5));
  await slow.finish();
  assert.deepEqual(await again, []);
});

test("closing waits for the change under way, and no other follows", async () => {
  const slow = new SlowListener();
  const listeners = new Listeners(SILENT, [{ name: "slow", listener: slow }]);
  void listeners.apply(configOf(1));
  const waiting = listeners.apply(configOf(2));
  const closed = listeners.close();
  await settle();
  assert.deepEqual(slow.events, ["apply 1"]);
  await slow.finish();
  await closed;
  assert.deepEqual(await waiting, []);
  assert.deepEqual(await listeners.apply(configOf(3)), []);
  assert.deepEqual(slow.events, ["apply 1", "close"]);
});

test("one that fails is a problem with its name, and holds nobody up", async () => {
  const bad: Listener = {
    apply: () => Promise.reject(new Error("no")),
    close: () => Promise.reject(new Error("never")),
  };
  const events: string[] = [];
  const good: Listener = {
    apply: async () => ["port 7 is taken"],
    close: async () => void events.push("close"),
  };
  const log: Logger = {
    ...SILENT,
    error: (message, fields) => events.push(`${message} ${JSON.stringify(fields)}`),
  };
  const listeners = new Listeners(log, [
    { name: "bad", listener: bad },
    { name: "good", listener: good },
  ]);
  assert.deepEqual(await listeners.apply(configOf(1)), ["bad: no", "port 7 is taken"]);
  await listeners.close();
  assert.deepEqual(events.toSorted(), [
    'a listener did not close {"listener":"bad","reason":"never"}',
    "close",
  ]);
});
