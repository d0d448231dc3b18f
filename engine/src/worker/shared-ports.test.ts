import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { ServerConfig } from "@millrace/model";
import { countedTs, eventually, freeTcpPort } from "../../../tests/contract/index.ts";
import { Supervisor } from "../control/supervisor.ts";
import { ONE } from "../testing/certificates.ts";
import { folderFor, LogLines, writeCertificate } from "../testing/door-kit.ts";
import { line } from "../testing/line-protocol.ts";
import { published, serverOf } from "../testing/worker-pair.ts";
import { MediaWorker } from "./media-worker.ts";

/** Two workers with the protocol `line` and no port of its own: an HTTP port and an HTTPS port. */
async function start(t: TestContext) {
  const [port, tlsPort] = [await freeTcpPort(), await freeTcpPort()];
  const https = [{ port: tlsPort, options: {} }];
  const server: ServerConfig = {
    ...serverOf([published("one")]),
    http: [{ port }],
    options: writeCertificate(folderFor(t), "one", ONE),
    ports: { https },
  };
  const log = new LogLines();
  const supervisor = new Supervisor({
    server,
    dataDir: "/nonexistent",
    log,
    spawn: (begin) => {
      new MediaWorker(begin, [line]);
      return { terminate: () => {}, onExit: () => {} };
    },
  });
  t.after(() => supervisor.stop());
  await supervisor.start();
  return { supervisor, server, log, port, tlsPort };
}

interface Caller {
  readonly socket: Socket;
  readonly got: () => Buffer;
}

async function call(t: TestContext, port: number, options: { tls: boolean; words: string }): Promise<Caller> {
  const socket = options.tls
    ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
    : connect(port, "127.0.0.1");
  const parts: Buffer[] = [];
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, options.tls ? "secureConnect" : "connect");
  socket.write(`${options.words}\n`);
  await eventually(() => parts.length > 0, { what: () => options.words });
  return { socket, got: () => Buffer.concat(parts) };
}

test("a protocol is served on the public ports beside HTTP, before and behind TLS", {
  timeout: 60_000,
}, async (t) => {
  const { supervisor, server, port, tlsPort, log } = await start(t);
  const publisher = await call(t, tlsPort, { tls: true, words: "publish one" });
  assert.equal(publisher.got().toString(), "ok\n");
  publisher.socket.write(countedTs(200));
  const viewer = await call(t, port, { tls: false, words: "play one" });
  const bytes = countedTs(200, { from: 200 });
  publisher.socket.write(bytes);
  await eventually(() => viewer.got().subarray(-bytes.length).equals(bytes));
  const page = await fetch(`http://127.0.0.1:${port}/none`);
  assert.deepEqual([page.status, await page.text()], [404, "not found\n"]);
  const reports = await supervisor.report();
  assert.deepEqual(
    reports
      .flatMap((report) => report.sessions.map(({ kind, protocol }) => `${kind} ${protocol}`))
      .toSorted(),
    ["play line", "publish line"],
  );
  // The port of the publisher goes, that of the viewer stays.
  const closed = new Promise((resolve) => publisher.socket.once("close", resolve));
  supervisor.apply({ ...server, ports: {} });
  await closed;
  assert.equal(viewer.socket.closed, false);
  assert.deepEqual(
    log.lines.filter((each) => each.startsWith("error")),
    [],
  );
});
