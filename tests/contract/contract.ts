import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Protocol, Source } from "@millrace/engine";
import { type InputConfig, MillraceError, type Options, type PushConfig } from "@millrace/model";
import { leavesNothingOpen } from "./handles.ts";
import { eventually, TestLane, TestWriter, testContext } from "./lane.ts";
import { countedTs } from "./media.ts";
import { packetsIn } from "./packets.ts";

/** The other side of an input: sends to what the input listens on, or waits to be asked. */
export interface Sender {
  readonly url: string;
  readonly options?: Options;
  /** Resolves when the bytes are on their way. Called once the input runs. */
  send(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The other side of a push. */
export interface Receiver {
  readonly url: string;
  readonly options?: Options;
  /** Transport-stream bytes received so far, in order. */
  bytes(): Uint8Array;
  close(): Promise<void>;
}

export interface InputHooks {
  open(): Promise<Sender>;
  /** URLs, with options, that must be refused with `bad-url`. */
  readonly bad: readonly (readonly [url: string, options?: Options])[];
  /** An input of this address has to fail by itself, soon. */
  readonly failing?: () => Promise<{ url: string; options?: Options; code: string }>;
  /** True for transports that keep datagrams apart, where rubbish of any length must not hurt what follows. */
  readonly datagrams?: boolean;
}

export interface OutputHooks {
  open(): Promise<Receiver>;
  readonly bad: readonly (readonly [url: string, options?: Options])[];
}

export interface ContractHooks {
  readonly protocol: Protocol;
  readonly input?: InputHooks;
  readonly output?: OutputHooks;
}

/** What every protocol must do, as tests. `description` names the way it is used ("multicast RTP"). */
export function protocolContract(description: string, hooks: ContractHooks): void {
  suite(`contract: ${description}`, () => {
    if (hooks.input !== undefined) inputContract(hooks.protocol, hooks.input);
    if (hooks.output !== undefined) outputContract(hooks.protocol, hooks.output);
  });
}

function inputConfig(url: string, options: Options = {}): InputConfig {
  const scheme = url.slice(0, url.indexOf(":"));
  return { url, scheme, priority: 1, sourceTimeoutMs: 60_000, options };
}

function pushConfig(url: string, options: Options = {}): PushConfig {
  return { url, scheme: url.slice(0, url.indexOf(":")), options };
}

/** Runs an input against its other side; aborts it when `body` is through and waits until both are gone. */
async function running(
  protocol: Protocol,
  hooks: InputHooks,
  body: (sender: Sender, into: TestWriter) => Promise<void>,
): Promise<void> {
  const sender = await hooks.open();
  const abort = new AbortController();
  const into = new TestWriter();
  const source = protocol.pull?.(inputConfig(sender.url, sender.options), testContext()) as Source;
  const run = source.run(into, abort.signal);
  run.catch(() => undefined);
  try {
    await body(sender, into);
  } finally {
    abort.abort();
    await run;
    await sender.close();
  }
}

function inputContract(protocol: Protocol, hooks: InputHooks): void {
  test("delivers the bytes that were sent", async () => {
    const sent = countedTs(3000);
    await running(protocol, hooks, async (sender, into) => {
      await sender.send(sent);
      await into.until(sent.length);
      assert.deepEqual(into.bytes(), sent);
      assert.deepEqual(into.counters, {});
    });
  });

  test("leaves nothing open when aborted: before, at once, and in the middle", async () => {
    await leavesNothingOpen(async () => {
      const sender = await hooks.open();
      const source = () => protocol.pull?.(inputConfig(sender.url, sender.options), testContext()) as Source;
      await source().run(new TestWriter(), AbortSignal.abort());
      const soon = new AbortController();
      const run = source().run(new TestWriter(), soon.signal);
      soon.abort();
      await run;
      await sender.close();
      await running(protocol, hooks, async (other, into) => {
        await other.send(countedTs(70));
        await into.until(70 * 188);
      });
    });
  });

  test("refuses URLs and options that make no sense", () => {
    for (const [url, options] of hooks.bad) {
      assert.throws(
        () => protocol.pull?.(inputConfig(url, options), testContext()),
        (error: unknown) => error instanceof MillraceError && error.code === "bad-url",
        `${url} ${JSON.stringify(options ?? {})} must be refused`,
      );
    }
  });

  test("survives rubbish, and what follows is found", async () => {
    const rubbish = new Uint8Array(10_000).map((_, i) => (i * 151 + (i >> 5)) & 0xff);
    const good = countedTs(400);
    await running(protocol, hooks, async (sender, into) => {
      for (const size of hooks.datagrams === true ? [1, 11, 187, 189, 1316, 1400] : [10_000]) {
        await sender.send(rubbish.subarray(0, size));
      }
      await sender.send(good);
      await eventually(() => packetsIn(into.bytes()).packets.length >= good.length - 188 * 8, {
        what: () => `${packetsIn(into.bytes()).packets.length} bytes found`,
      });
      const { packets, rubbishBytes } = packetsIn(into.bytes());
      const counted = Object.values(into.counters).reduce((sum, by) => sum + by, 0);
      assert.ok(rubbishBytes + counted > 0);
      const tail = good.subarray(-300 * 188);
      assert.deepEqual(packets.subarray(-tail.length), tail);
    });
  });

  const { failing } = hooks;
  if (failing === undefined) return;
  test("fails with an error that says why, and leaves nothing open", async () => {
    await leavesNothingOpen(async () => {
      const { url, options, code } = await failing();
      const source = protocol.pull?.(inputConfig(url, options), testContext()) as Source;
      await assert.rejects(source.run(new TestWriter(), new AbortController().signal), (error: unknown) => {
        assert.ok(error instanceof MillraceError, String(error));
        assert.equal(error.code, code);
        return true;
      });
    });
  });
}

function outputContract(protocol: Protocol, hooks: OutputHooks): void {
  test("sends the lane's bytes as they are", async () => {
    const receiver = await hooks.open();
    const lane = new TestLane();
    const sink = protocol.push?.(pushConfig(receiver.url, receiver.options), testContext());
    assert.ok(sink !== undefined);
    const abort = new AbortController();
    const run = sink.run(lane.read(), abort.signal);
    const sent = countedTs(2100);
    await sleep(50);
    // In real time, as a stream comes: 4 Mbit/s in pieces that fit no datagram.
    for (let at = 0; at < sent.length; at += 100 * 188) {
      lane.write(sent.subarray(at, at + 100 * 188), "key");
      await sleep(37);
    }
    await eventually(() => receiver.bytes().length >= sent.length, {
      what: () =>
        `${receiver.bytes().length} of ${sent.length} bytes came: ${JSON.stringify(sink.describe?.())}`,
    });
    assert.deepEqual(receiver.bytes(), sent);
    abort.abort();
    await run;
    await receiver.close();
  });

  test("leaves nothing open when aborted, and none of the lane's memory held", async () => {
    await leavesNothingOpen(async () => {
      const receiver = await hooks.open();
      const lane = new TestLane();
      const open = () => protocol.push?.(pushConfig(receiver.url, receiver.options), testContext());
      await open()?.run(lane.read(), AbortSignal.abort());
      const abort = new AbortController();
      const run = open()?.run(lane.read(), abort.signal);
      await sleep(20);
      lane.write(countedTs(2000), "key");
      await sleep(20);
      abort.abort();
      await run;
      await receiver.close();
      lane.end();
      lane.free();
      assert.equal(lane.heldSlabs, 0);
    });
  });

  test("a lane that outruns it does not hold it up or make it grow", async () => {
    const receiver = await hooks.open();
    const lane = new TestLane({ windowMs: 0, maxBytes: 2 ** 19 });
    const sink = protocol.push?.(pushConfig(receiver.url, receiver.options), testContext());
    const abort = new AbortController();
    const run = sink?.run(lane.read(), abort.signal);
    try {
      await sleep(20);
      const burst = countedTs(1000);
      // 19 MB in one turn of the event loop: the reader comes too late for most of it.
      for (let i = 0; i < 100; i++) lane.write(burst, "key");
      // One that connected only after that finds nothing but what is too old to be sent.
      await eventually(() => {
        lane.write(burst, "key");
        return receiver.bytes().length > 0;
      });
      assert.ok(lane.memoryBytes < 2 ** 25, `${lane.memoryBytes} bytes`);
      const { packets, rubbishBytes } = packetsIn(receiver.bytes());
      assert.ok(packets.length > 0 && rubbishBytes === 0);
    } finally {
      // What stays open keeps the process running.
      abort.abort();
      await run;
      await receiver.close();
    }
  });

  test("ends with its lane", async () => {
    const receiver = await hooks.open();
    const lane = new TestLane();
    const sink = protocol.push?.(pushConfig(receiver.url, receiver.options), testContext());
    const run = sink?.run(lane.read(), new AbortController().signal);
    lane.write(countedTs(100), "key");
    lane.end();
    await run;
    await receiver.close();
  });

  test("refuses URLs and options that make no sense", () => {
    for (const [url, options] of hooks.bad) {
      assert.throws(
        () => protocol.push?.(pushConfig(url, options), testContext()),
        (error: unknown) => error instanceof MillraceError && error.code === "bad-url",
        `${url} ${JSON.stringify(options ?? {})} must be refused`,
      );
    }
  });
}
