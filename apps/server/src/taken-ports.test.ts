import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import type { OptionSpec, ServerConfig, StreamConfig } from "@millrace/model";
import { portsOf, refuseTakenPorts } from "./taken-ports.ts";

const OPTIONS: readonly OptionSpec[] = [
  { name: "calls", scope: ["server"], type: "endpoint", repeat: true, transport: "udp", doc: "" },
  { name: "lines", scope: ["server", "stream"], type: "endpoint", doc: "" },
  { name: "http", scope: ["server"], type: "address", doc: "" },
];

const STREAM: StreamConfig = {
  name: "a",
  kind: "static",
  inputs: [],
  pushes: [],
  publishEnabled: false,
  disabled: false,
  retryLimit: 0,
  clientsTimeoutMs: 0,
  sourceTimeoutMs: 0,
  options: {},
  ports: { lines: [{ port: 4, options: {} }] },
};

test("all ports that a configuration names, but those of disabled streams", () => {
  const config: ServerConfig = {
    http: [{ port: 1 }],
    workers: 1,
    streams: [
      STREAM,
      { ...STREAM, name: "b", disabled: true, options: {}, ports: { lines: [{ port: 5, options: {} }] } },
    ],
    livePrefixes: [{ ...STREAM, name: "c", options: {}, ports: { lines: [{ port: 6, options: {} }] } }],
    rewrites: [],
    fileLocations: [],
    options: {},
    ports: {
      calls: [
        { host: "127.0.0.1", port: 2, options: { latency: 1 } },
        { port: 3, options: {} },
      ],
    },
  };
  assert.deepEqual(portsOf(config, [{ options: OPTIONS }]), [
    { port: 1, transport: "tcp" },
    { host: "127.0.0.1", port: 2, transport: "udp" },
    { port: 3, transport: "udp" },
    { port: 4, transport: "tcp" },
    { port: 6, transport: "tcp" },
  ]);
});

test("a UDP port that somebody shares with nobody knows whom is taken, and no TCP port", async (t) => {
  const holder = createSocket({ type: "udp4", reusePort: true });
  t.after(() => holder.close());
  holder.bind(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address();
  for (const host of ["127.0.0.1", undefined]) {
    const wanted = { port, ...(host === undefined ? {} : { host }) };
    await assert.rejects(refuseTakenPorts([{ ...wanted, transport: "udp" }]), {
      message: new RegExp(`^cannot listen on UDP port ${port}: .*EADDRINUSE`),
    });
  }
  await refuseTakenPorts([{ host: "127.0.0.1", port, transport: "tcp" }]);
});

test("a TCP port that is taken, and one that is free", async (t) => {
  const holder = createServer();
  t.after(() => holder.close());
  holder.listen({ port: 0, host: "127.0.0.1", reusePort: true });
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  await assert.rejects(refuseTakenPorts([{ host: "127.0.0.1", port, transport: "tcp" }]), {
    message: new RegExp(`^cannot listen on port ${port}: .*EADDRINUSE`),
  });
  await refuseTakenPorts([{ host: "127.0.0.1", port, transport: "udp" }]);
});

test("addresses that this machine does not have are for the protocol to complain of", async () => {
  await refuseTakenPorts([{ host: "192.0.2.1", port: 9, transport: "udp" }]);
});
