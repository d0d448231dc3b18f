import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Options } from "@millrace/model";
import { freeUdpPort, realClock } from "../../../tests/contract/index.ts";
import { readPush } from "./config.ts";
import { dialUdp } from "./dial.ts";

async function dial(url: string, options: Options = {}) {
  const lines: unknown[] = [];
  const socket = await dialUdp(readPush({ url, scheme: "udp", options }), {
    clock: realClock,
    log: { info: (_message, fields) => lines.push(fields) },
    signal: new AbortController().signal,
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => socket.close());
  return { lines, local: socket.local, remote: socket.remote };
}

suite("sockets of pushes", () => {
  test("the DS field is `tos`, or `dscp` in its upper six bits", () => {
    const cases: readonly (readonly [options: Options, field: number | undefined])[] = [
      [{}, undefined],
      [{ tos: 0 }, 0],
      [{ tos: 255 }, 255],
      [{ dscp: 46 }, 0xb8],
      [{ dscp: 0 }, 0],
      [{ dscp: 63 }, 0xfc],
    ];
    for (const [options, field] of cases)
      assert.equal(readPush({ url: "udp://10.0.0.1:9", scheme: "udp", options }).trafficClass, field);
  });

  test("the DS field is asked of the system", async (t) => {
    // node:dgram cannot do it and says what it left out; that the addon does it its own tests show.
    const before = process.env["MILLRACE_UDP"];
    process.env["MILLRACE_UDP"] = "dgram";
    t.after(() => {
      if (before === undefined) delete process.env["MILLRACE_UDP"];
      else process.env["MILLRACE_UDP"] = before;
    });
    const { lines } = await dial("udp://127.0.0.1:9", { dscp: 46 });
    assert.deepEqual(lines, [{ trafficClass: 0xb8 }]);
    assert.deepEqual((await dial("udp://127.0.0.1:9")).lines, []);
  });

  test("it is sent from where `bind` says, to a name too", async () => {
    const port = await freeUdpPort();
    const { local, remote } = await dial("udp://localhost:9", { bind: `127.0.0.1:${port}` });
    assert.deepEqual([local.address, local.port], ["127.0.0.1", port]);
    assert.deepEqual([remote?.address, remote?.port], ["127.0.0.1", 9]);
  });

  test("what cannot be is explained", async () => {
    const cases = [
      ["udp://239.0.0.1:9/nosuch0", {}, { code: "udp.no-interface", message: /nosuch0/ }],
      ["udp://239.0.0.1:9/192.0.2.7", {}, { code: "udp.no-interface", message: /192\.0\.2\.7/ }],
      [
        "udp://127.0.0.1:9",
        { bind: "192.0.2.7:0" },
        { code: "udp.socket", message: /127\.0\.0\.1:9: this machine/ },
      ],
      ["udp://no.such.host.invalid:9", {}, { code: "udp.socket", message: /no\.such\.host\.invalid/ }],
    ] as const;
    for (const [url, options, expected] of cases) await assert.rejects(dial(url, options), expected);
  });

  test("whoever gives up does not wait for a name server", async () => {
    const settings = readPush({ url: "udp://no.such.host.invalid:9", scheme: "udp", options: {} });
    const log = { info: () => undefined };
    const dialing = dialUdp(settings, { clock: realClock, log, signal: AbortSignal.abort() });
    await assert.rejects(dialing, { code: "udp.socket", message: /aborted/ });
  });
});
