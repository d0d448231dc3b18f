import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TsReport } from "@millrace/mpegts";
import { serializeRtp } from "@millrace/rtp";
import { displayWidth, formatTable } from "./columns.ts";
import { analyseCommand, analyseTarget, formatReport } from "./index.ts";

function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
}

const FIXTURE = join(repositoryRoot(), "tests", "fixtures", "h264-aac.mpegts");
const media = readFileSync(FIXTURE);

async function run(target: string, json: boolean): Promise<string> {
  const stdout = new PassThrough();
  const printed = text(stdout);
  await analyseCommand(target, { json, stdout });
  stdout.end();
  return printed;
}

test("a file, as text and as JSON", async () => {
  const printed = await run(FIXTURE, false);
  assert.match(printed, /^ {2}0x0100 {2}H\.264 .*@\d\.\d \d+x\d+/m);
  assert.match(printed, /ETSI TR 101 290\n/);
  const report = JSON.parse(await run(FIXTURE, true)) as TsReport;
  assert.equal(report.packets, media.length / 188);
  assert.equal(report.programs.length, 1);
  assert.deepEqual(await analyseTarget(`file://${FIXTURE}`), report);
});

test("no line is wider than the terminal of 100 columns", async () => {
  const printed = formatReport(await analyseTarget(FIXTURE), "a file");
  for (const line of printed.split("\n")) assert.ok(displayWidth(line) <= 100, line);
});

test("what cannot be analysed is said in a sentence", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-analyse-"));
  try {
    const rubbish = join(folder, "rubbish.bin");
    writeFileSync(rubbish, Buffer.alloc(5000, 0x11));
    writeFileSync(join(folder, "empty"), "");
    await assert.rejects(analyseTarget(rubbish), {
      code: "analyse.no-packets",
      message: /no transport stream in 5000 bytes/,
    });
    await assert.rejects(analyseTarget(join(folder, "empty")), { message: /nothing came/ });
    await assert.rejects(analyseTarget(join(folder, "absent")), {
      code: "analyse.source",
      message: /ENOENT/,
    });
    await assert.rejects(analyseTarget("srt://127.0.0.1:1"), {
      code: "analyse.target",
      message: /cannot analyse srt/,
    });
    await assert.rejects(analyseTarget("udp://127.0.0.1"), {
      code: "analyse.target",
      message: /udp:\/\/HOST:PORT/,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("HTTP, through a redirect; an error status", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/live" }).end();
    else if (request.url === "/live") response.end(media);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const report = await analyseTarget(`http://127.0.0.1:${port}/moved`);
    assert.equal(report.packets, media.length / 188);
    await assert.rejects(analyseTarget(`tshttp://127.0.0.1:${port}/none`), {
      code: "analyse.source",
      message: /status 404/,
    });
  } finally {
    server.close();
  }
  await assert.rejects(analyseTarget(`http://127.0.0.1:${port}/live`), { code: "analyse.source" });
});

test("an HTTP stream without end is left when the time is up", async () => {
  const server = createServer((_request, response) => {
    response.write(media);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const report = await analyseTarget(`http://127.0.0.1:${port}/live`, 0.3);
    assert.equal(report.packets, media.length / 188);
  } finally {
    server.close();
  }
});

async function sendDatagrams(
  port: number,
  wrap: (payload: Uint8Array, i: number) => Uint8Array,
): Promise<void> {
  const socket = createSocket("udp4");
  for (let i = 0; i < 60; i++) {
    const payload = media.subarray(i * 7 * 188, (i + 1) * 7 * 188);
    await new Promise<void>((resolve) => socket.send(wrap(payload, i), port, "127.0.0.1", () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.close();
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

test("UDP, bare and in RTP, for a limited time", async () => {
  const wraps: readonly ((payload: Uint8Array, i: number) => Uint8Array)[] = [
    (payload) => payload,
    (payload, i) => serializeRtp({ payloadType: 33, sequence: i, timestamp: i * 100, ssrc: 1, payload }),
  ];
  for (const wrap of wraps) {
    const port = await freePort();
    // Nothing tells from outside when it has begun to listen: leave a busy machine time for that.
    const listening = analyseTarget(`udp://127.0.0.1:${port}`, 4);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await sendDatagrams(port, wrap);
    const report = await listening;
    assert.equal(report.packets, 420);
    assert.equal(report.ccErrors, 0);
  }
});

test("tables line up, whatever script is in them", () => {
  assert.equal(displayWidth("日本"), 4);
  assert.equal(displayWidth("e\u0301"), 1);
  const lines = formatTable(
    [
      { head: "name", max: 6 },
      { head: "n", align: "right" },
    ],
    [
      ["日本語放送", "1"],
      ["Été", "12"],
      ["a\nb", "3"],
    ],
  );
  assert.deepEqual(lines, ["name    n", "日本…   1", "Été    12", "a b     3"]);
});
