import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { ONE, type TestCertificate, TWO } from "../../engine/src/testing/certificates.ts";
import { openPage, videoTime } from "./kit/browser.ts";
import { TsGenerator } from "./kit/generator.ts";
import { LivePublisher, whyNotPiece } from "./kit/live.ts";
import { needs, run } from "./kit/programs.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

const CAM = "stream cam { publish_enabled; segment_duration 1; }\n";

interface Files {
  readonly words: string;
  write(certificate: TestCertificate): void;
}

function filesFor(t: TestContext): Files {
  const folder = mkdtempSync(join(tmpdir(), "millrace-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [crt, key] = [join(folder, "server.crt"), join(folder, "server.key")];
  return {
    words: `certificate ${crt}; certificate_key ${key};`,
    write(certificate) {
      writeFileSync(key, certificate.key);
      writeFileSync(crt, certificate.certificate);
    },
  };
}

function httpsLine(port: number, files: Files): string {
  return `https ${port} { ${files.words} }\n`;
}

/** The name on the certificate; undefined while there is none. */
function certificateName(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject?.CN));
      socket.destroy();
    });
    socket.on("error", () => resolve(undefined));
  });
}

/** Reads a transport stream over HTTPS without end. */
function readHttps(t: TestContext, url: string): Promise<{ bytes(): Buffer; isOpen(): boolean }> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let open = true;
    const request = get(url, { agent: false, rejectUnauthorized: false }, (response) => {
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", () => {});
      response.on("close", () => (open = false));
      resolve({ bytes: () => Buffer.concat(parts), isOpen: () => open });
    });
    t.after(() => request.destroy());
    request.once("error", reject);
  });
}

test("curl gets pages, API, playlist and segments over HTTP/2, and endless bodies over HTTP/1.1", async (t) => {
  if (!needs(t, "curl")) return;
  const [files, port] = [filesFor(t), await freePort()];
  files.write(ONE);
  const server = await TestServer.start(t, httpsLine(port, files) + CAM);
  const publisher = new LivePublisher(server.url("/cam/mpegts"), { bitrate: 500_000 });
  t.after(() => publisher.kill());
  const curl = async (path: string, ...more: string[]) => {
    const report = "\n%{http_version} %{http_code} %{size_download}";
    const url = `https://127.0.0.1:${port}${path}`;
    const { stdout } = await run("curl", ["-sk", "--http2", "-w", report, ...more, url], 30_000);
    const at = stdout.lastIndexOf("\n");
    return { body: stdout.slice(0, at), report: stdout.slice(at + 1) };
  };
  const playlist = await until("a playlist over HTTP/2", 30_000, async () => {
    const { body, report } = await curl("/cam/mono.m3u8");
    return report.startsWith("2 200 ") ? body : undefined;
  });
  const segment = playlist.split("\n").find((line) => line.endsWith(".ts")) ?? "";
  const plain = new Uint8Array(await (await fetch(server.url(`/cam/${segment}`))).arrayBuffer());
  assert.equal((await curl(`/cam/${segment}`, "-o", "/dev/null")).report, `2 200 ${plain.length}`);
  assert.equal((await curl(`/cam/${segment}`, "-o", "/dev/null", "-r", "188-375")).report, "2 206 188");
  assert.match((await curl("/", "-o", "/dev/null")).report, /^2 200 /);
  const sessions = JSON.parse((await curl("/api/v1/sessions")).body) as { protocol: string; ip: string }[];
  const viewer = sessions.find((each) => each.protocol === "hls");
  assert.equal(viewer?.ip, "127.0.0.1");
  assert.match((await curl("/nothing/index.m3u8", "-o", "/dev/null")).report, /^2 404 /);
  const endless = await curl("/cam/mpegts", "-o", "/dev/null", "--max-time", "2");
  assert.match(endless.report, /^1\.1 200 \d{5,}$/);
});

test("publishing over HTTP/2", async (t) => {
  const [files, port] = [filesFor(t), await freePort()];
  files.write(ONE);
  const server = await TestServer.start(t, httpsLine(port, files) + CAM);
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => {});
  t.after(() => session.destroy());
  const publish = session.request({ ":path": "/cam/mpegts", ":method": "PUT" });
  const generator = new TsGenerator({ bitrate: 500_000 });
  const feed = setInterval(() => publish.write(generator.nextFrame()), 40);
  t.after(() => clearInterval(feed));
  await until("the stream", 10_000, async () => (await server.stream("cam")).running || undefined);
  await until("media", 10_000, async () => (await server.stream("cam")).bytesIn > 100_000 || undefined);
  clearInterval(feed);
  const status = new Promise<unknown>((resolve) =>
    publish.once("response", (headers) => resolve(headers[":status"])),
  );
  publish.end();
  assert.equal(await status, 200);
  const refused = session.request({ ":path": "/nobody/mpegts", ":method": "PUT" });
  refused.on("error", () => {});
  refused.write(Buffer.alloc(188));
  const answer = await new Promise<unknown>((resolve) =>
    refused.once("response", (headers) => resolve(headers[":status"])),
  );
  assert.equal(answer, 404);
});

test("a renewed certificate is used at once, and a viewer over the old one stays", async (t) => {
  const [files, port] = [filesFor(t), await freePort()];
  files.write(ONE);
  const server = await TestServer.start(t, httpsLine(port, files) + CAM);
  const publisher = new LivePublisher(server.url("/cam/mpegts"), { bitrate: 500_000 });
  await until("the stream", 5000, async () => (await server.stream("cam")).running || undefined);
  const viewer = await readHttps(t, `https://127.0.0.1:${port}/cam/mpegts`);
  assert.equal(await certificateName(port), "one.example");
  files.write(TWO);
  await until("the other certificate in both workers", 15_000, async () => {
    const names = await Promise.all(Array.from({ length: 8 }, () => certificateName(port)));
    return names.every((name) => name === "two.example") || undefined;
  });
  // A reload that removes another port, and one that names other files.
  const others = filesFor(t);
  others.write(ONE);
  server.rewrite(httpsLine(port, others) + CAM);
  await until("the first certificate again", 15_000, async () => {
    return (await certificateName(port)) === "one.example" || undefined;
  });
  assert.equal(viewer.isOpen(), true);
  publisher.stall();
  const last = publisher.sent.subarray(-188);
  await until("the last packet", 5000, () => viewer.bytes().subarray(-188).equals(last) || undefined);
  assert.equal(whyNotPiece(viewer.bytes(), publisher.sent), undefined);
  publisher.kill();
});

test("without its certificate the server runs and says what is missing; the port serves once it is there", async (t) => {
  const [files, port] = [filesFor(t), await freePort()];
  const server = await TestServer.start(t, httpsLine(port, files) + CAM);
  const line = server.log.find((each) => each.message === "a TLS port has no certificate");
  assert.equal(line?.level, "error");
  assert.match(String(line?.["reason"]), /cannot read .*server\.crt/);
  assert.ok(server.log.some((each) => each.level === "warn" && each.message.includes("is not there")));
  assert.equal((await fetch(server.url("/"))).status, 200);
  assert.equal(await certificateName(port), undefined);
  files.write(ONE);
  await until("the certificate", 15_000, () => certificateName(port));
});

test("Chromium plays over HTTPS", async (t) => {
  const opened = await openPage(t);
  if (opened === undefined) return;
  const [files, port] = [filesFor(t), await freePort()];
  files.write(ONE);
  const server = await TestServer.start(t, `${httpsLine(port, files)}stream demo { input fake://clock; }`);
  assert.ok(server.port > 0);
  const context = await opened.context().browser()?.newContext({ ignoreHTTPSErrors: true });
  const page = await context?.newPage();
  assert.ok(page !== undefined);
  await page.goto(`https://127.0.0.1:${port}/demo/embed.html`);
  await until("two seconds of video", 30_000, async () => ((await videoTime(page)) ?? 0) > 2 || undefined);
  const protocols = await page.evaluate<string[]>(
    'performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol)',
  );
  assert.ok(protocols.length > 3);
  assert.deepEqual([...new Set(protocols)], ["h2"]);
});
