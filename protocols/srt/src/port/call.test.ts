import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { MillraceError } from "@millrace/model";
import { eventually, freeUdpPort, leavesNothingOpen, realClock } from "../../../../tests/contract/index.ts";
import { call } from "./call.ts";
import { dial, Inbox, say, settingsOf, TestGate } from "./loopback.test-support.ts";
import { openGate } from "./open-gate.ts";

const code = (expected: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof MillraceError, String(error));
  assert.equal(error.code, expected);
  assert.match(error.message, text);
  return true;
};

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
}

describe("a call", () => {
  for (const [what, options] of [
    ["in clear", {}],
    ["encrypted", { passphrase: "correct horse", pbkeylen: 32 }],
  ] as const) {
    test(`connects two ports, both ways, and leaves nothing open: ${what}`, async () => {
      await leavesNothingOpen(async () => {
        const there = await TestGate.open({ latency: 20, ...options });
        const line = await dial(there.port, { latency: 20, streamid: "hello", ...options });
        assert.equal(there.callers[0]?.request.streamId, "hello");
        const { gate } = there;
        const [connection] = there.connections;
        assert.ok(connection !== undefined);
        for (let i = 0; i < 50; i++) {
          say(line, `to ${i}`);
          say({ connection, port: gate.port }, `from ${i}`);
        }
        await eventually(() => there.inbox.payloads.length === 50 && line.inbox.payloads.length === 50);
        assert.deepEqual(
          there.inbox.texts(),
          Array.from({ length: 50 }, (_, i) => `to ${i}`),
        );
        assert.deepEqual(
          line.inbox.texts(),
          Array.from({ length: 50 }, (_, i) => `from ${i}`),
        );
        assert.equal(gate.connections, 1);
        await line.port.close();
        assert.equal(line.inbox.reason, "closed");
        await eventually(() => there.inbox.reason !== undefined);
        assert.equal(there.inbox.reason, "shutdown");
        assert.deepEqual([gate.connections, gate.port.size], [0, 0]);
        await there.close();
      });
    });
  }

  test("ends when the listener's port closes, also while a peer lingers", async () => {
    const there = await TestGate.open({ linger: 60_000 });
    const line = await dial(there.port);
    const [connection] = there.connections;
    assert.ok(connection !== undefined);
    // What is on its way when the port closes is not waited for.
    connection.send(new Uint8Array(100), there.gate.port.nowUs, there.gate.port.nowUs);
    await there.close();
    assert.equal(there.inbox.reason, "closed");
    await eventually(() => line.inbox.reason !== undefined);
    assert.equal(line.inbox.reason, "shutdown");
    await line.port.close();
  });

  for (const [listener, hosts] of [
    ["127.0.0.1", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]"]],
    ["::1", ["[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]"]],
  ] as const) {
    for (const host of hosts) {
      test(`reaches ${listener} as ${host}`, async (t) => {
        if (listener === "::1" && !hasIpv6()) return t.skip("no IPv6 on this machine");
        const there = await TestGate.open({}, listener);
        t.after(() => there.close());
        const adapter = host === "localhost" ? { adapter: "127.0.0.1" } : {};
        const line = await dial(there.port, { conntimeo: 1000, ...adapter }, { host });
        t.after(() => line.port.close());
        assert.equal(there.connections.length, 1);
      });
    }
  }

  test("what a caller said outlives the memory that it was received in", async (t) => {
    const there = await TestGate.open({ passphrase: "correct horse" });
    t.after(() => there.close());
    there.verdict = undefined;
    const calling = dial(there.port, { passphrase: "correct horse", streamid: "hello" });
    await eventually(() => there.callers.length > 0);
    const stranger = createSocket("udp4");
    t.after(() => stranger.close());
    for (let i = 0; i < 64; i++) stranger.send(new Uint8Array(1400).fill(0xff), there.port, "127.0.0.1");
    await eventually(() => there.gate.port.stray >= 32);
    const [caller] = there.callers;
    assert.ok(caller !== undefined);
    there.admit(caller);
    const line = await calling;
    t.after(() => line.port.close());
    say(line, "understood");
    await eventually(() => there.inbox.payloads.length === 1);
    assert.deepEqual([caller.request.streamId, there.inbox.texts()], ["hello", ["understood"]]);
  });

  test("keeps to the network interface that is named, where the socket can", async (t) => {
    const there = await TestGate.open();
    t.after(() => there.close());
    const { port } = there;
    const isNative = there.gate.port.socket.implementation === "native";
    const failure = isNative ? /nosuch0/ : /native addon/;
    await assert.rejects(dial(port, { adapter: "nosuch0" }), code("srt.socket", failure));
    if (!isNative) return;
    const line = await dial(port, { adapter: "lo", iptos: 184 });
    t.after(() => line.port.close());
    assert.equal(there.connections.length, 1);
    const other = Object.keys(networkInterfaces()).find((name) => name !== "lo");
    if (other === undefined) return;
    await assert.rejects(
      dial(port, { adapter: other, conntimeo: 200 }),
      code("srt.refused", /no answer in time/),
    );
  });

  test("says why it failed, and leaves nothing open", async () => {
    await leavesNothingOpen(async () => {
      const there = await TestGate.open({ passphrase: "correct horse" });
      await assert.rejects(dial(there.port), code("srt.refused", /passphrase is set on one side only.*1011/));
      await assert.rejects(
        dial(there.port, { passphrase: "wrong horse" }),
        code("srt.refused", /wrong passphrase.*1010/),
      );
      there.verdict = 2403;
      await assert.rejects(dial(there.port), code("srt.refused", /not allowed.*2403/));
      assert.equal(there.gate.refused, 3);
      const { port } = there;
      await there.close();
      await assert.rejects(dial(port, { conntimeo: 100 }), code("srt.refused", /no answer in time.*1016/));
      await assert.rejects(
        dial(port, {}, { host: "no.such.host.invalid" }),
        code("srt.socket", /no.such.host.invalid/),
      );
      const taken = createSocket("udp4");
      await new Promise<void>((resolve) => taken.bind(port, "127.0.0.1", resolve));
      await assert.rejects(
        dial(await freeUdpPort(), { adapter: "127.0.0.1", localport: port }),
        code("srt.socket", new RegExp(`${port}`)),
      );
      await assert.rejects(
        openGate(settingsOf(`srt://127.0.0.1:${port}`, { mode: "listener" }), realClock, () => undefined),
        code("srt.socket", new RegExp(`${port}`)),
      );
      await new Promise<void>((resolve) => taken.close(() => resolve()));
    });
  });

  for (const mode of ["caller", "rendezvous"] as const) {
    test(`is given up when aborted, before and in the middle: ${mode}`, async () => {
      await leavesNothingOpen(async () => {
        const [port, localport] = [await freeUdpPort(), await freeUdpPort()];
        const settings = settingsOf(`srt://127.0.0.1:${port}`, { mode, localport });
        const parts = { settings, clock: realClock, events: new Inbox().events };
        assert.equal(await call({ ...parts, signal: AbortSignal.abort() }), undefined);
        const abort = new AbortController();
        const line = call({ ...parts, signal: abort.signal });
        setImmediate(() => setImmediate(() => abort.abort()));
        assert.equal(await line, undefined);
      });
    });
  }

  test("of two peers at each other is a rendezvous", async () => {
    await leavesNothingOpen(async () => {
      const ports = [await freeUdpPort(), await freeUdpPort()] as const;
      const meet = (own: number, other: number) =>
        dial(other, {
          mode: "rendezvous",
          localport: own,
          adapter: "127.0.0.1",
          passphrase: "correct horse",
          latency: 20,
        });
      const [left, right] = await Promise.all([meet(ports[0], ports[1]), meet(ports[1], ports[0])]);
      say(left, "ping");
      say(right, "pong");
      await eventually(() => left.inbox.payloads.length > 0 && right.inbox.payloads.length > 0);
      assert.deepEqual([left.inbox.texts(), right.inbox.texts()], [["pong"], ["ping"]]);
      await left.port.close();
      await eventually(() => right.inbox.reason !== undefined);
      assert.equal(right.inbox.reason, "shutdown");
      await right.port.close();
    });
  });
});
