import assert from "node:assert/strict";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { after, suite, test } from "node:test";
import type { Protocol } from "@millrace/engine";
import { MillraceError, type Options } from "@millrace/model";
import {
  countedTs,
  eventually,
  freeTcpPort,
  protocolContract,
  type Sender,
  TestWriter,
  testContext,
} from "../../../tests/contract/index.ts";
import { pullTsHttp } from "./pull.ts";
import { pullOptions } from "./pull-config.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./testing/certificate.ts";

const pulled: Protocol = {
  name: "http-ts",
  schemes: ["tshttp", "tshttps"],
  options: pullOptions,
  pull: pullTsHttp,
};

const servers = new Set<Server>();
after(() => Promise.all([...servers].map(shut)));

async function serve(listener: RequestListener, tls = false): Promise<{ server: Server; port: number }> {
  const server = tls
    ? createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, listener)
    : createServer(listener);
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

function shut(server: Server): Promise<void> {
  servers.delete(server);
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A server whose viewers all get what is sent. */
async function live(tls = false): Promise<Sender> {
  const viewers = new Set<ServerResponse>();
  const { server, port } = await serve((_request, response) => {
    response.writeHead(200, { "Content-Type": "video/mp2t" });
    response.flushHeaders();
    viewers.add(response);
    response.on("close", () => viewers.delete(response));
  }, tls);
  return {
    url: `${tls ? "tshttps" : "tshttp"}://127.0.0.1:${port}/stream`,
    ...(tls ? { options: { insecure: true } } : {}),
    async send(bytes) {
      await eventually(() => viewers.size > 0);
      for (const viewer of viewers) viewer.write(bytes);
    },
    close: () => shut(server),
  };
}

async function notFound() {
  const { server, port } = await serve((_request, response) => {
    response.writeHead(404).end();
    setTimeout(() => void shut(server), 50);
  });
  return { url: `tshttp://127.0.0.1:${port}/nothing`, code: "http-ts.answer" };
}

protocolContract("TS over HTTP, pulled", {
  protocol: pulled,
  input: {
    open: () => live(),
    bad: [
      ["tshttp://"],
      ["tshttp:///stream"],
      ["tshttp://host:99999/"],
      ["tshttp://127.0.0.1/", { "header.Bad Name": "x" }],
      ["tshttp://127.0.0.1/", { "header.X": "a\r\nInjected: b" }],
      ["tshttp://127.0.0.1/", { connect_timeout: 0 }],
    ],
    failing: notFound,
  },
});

protocolContract("TS over HTTPS, pulled", {
  protocol: pulled,
  input: { open: () => live(true), bad: [] },
});

/** Pulls until the answer ends; the bytes that came. */
async function pull(url: string, options: Options = {}): Promise<Uint8Array> {
  const into = new TestWriter();
  const scheme = url.slice(0, url.indexOf(":"));
  const input = { url, scheme, priority: 1, sourceTimeoutMs: 60_000, options };
  await pullTsHttp(input, testContext()).run(into, new AbortController().signal);
  return into.bytes();
}

const MEDIA = countedTs(200);

function answer(response: ServerResponse, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": "video/mp2t", ...headers });
  response.end(status === 200 ? MEDIA : "");
}

suite("tshttp", () => {
  test("follows redirections, also from http to https, without giving credentials away", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const secure = await serve((request, response) => {
      seen.push(request.headers);
      answer(response);
    }, true);
    const plain = await serve((request, response) => {
      seen.push(request.headers);
      if (request.url === "/a") answer(response, 302, { Location: "/b" });
      else answer(response, 307, { Location: `https://127.0.0.1:${secure.port}/c` });
    });
    const options = { insecure: true, "header.Referer": "https://example.com", user_agent: "Tester" };
    const bytes = await pull(`tshttp://me:s%20cret@127.0.0.1:${plain.port}/a`, options);
    assert.deepEqual(bytes, MEDIA);
    const basic = `Basic ${Buffer.from("me:s cret").toString("base64")}`;
    assert.deepEqual(
      seen.map((headers) => headers.authorization),
      [basic, basic, undefined],
    );
    for (const headers of seen) {
      assert.equal(headers.referer, "https://example.com");
      assert.equal(headers["user-agent"], "Tester");
    }
    await Promise.all([shut(plain.server), shut(secure.server)]);
  });

  test("gives up after five redirections", async () => {
    let requests = 0;
    const { server, port } = await serve((_request, response) => {
      requests++;
      answer(response, 301, { Location: "/again" });
    });
    await assert.rejects(pull(`tshttp://127.0.0.1:${port}/`), {
      code: "http-ts.answer",
      message: /redirections/,
    });
    assert.equal(requests, 6);
    await shut(server);
  });

  const answers = [
    { status: 403, headers: {}, message: /403 Forbidden/ },
    { status: 302, headers: { Location: "ftp://example.com/" }, message: /not HTTP/ },
    { status: 302, headers: {}, message: /302/ },
    { status: 200, headers: { "Content-Type": "application/vnd.apple.mpegurl" }, message: /hls:\/\// },
    { status: 200, headers: { "Content-Type": "text/html; charset=utf-8" }, message: /web page/ },
  ] as const;
  for (const { status, headers, message } of answers) {
    test(`says what is wrong: ${status} ${JSON.stringify(headers)}`, async () => {
      const { server, port } = await serve((_request, response) => answer(response, status, headers));
      await assert.rejects(pull(`tshttp://127.0.0.1:${port}/`), (error: unknown) => {
        return (
          error instanceof MillraceError && error.code === "http-ts.answer" && message.test(error.message)
        );
      });
      await shut(server);
    });
  }

  test("verifies certificates unless told otherwise", async () => {
    const { server, port } = await serve((_request, response) => answer(response), true);
    const url = `tshttps://127.0.0.1:${port}/`;
    await assert.rejects(pull(url), { code: "http-ts.connection", message: /insecure=true/ });
    assert.deepEqual(await pull(url, { insecure: true }), MEDIA);
    await shut(server);
  });

  test("times out: no answer, nothing in the body, connection refused", async () => {
    const { server, port } = await serve((request, response) => {
      if (request.url === "/quiet") response.writeHead(200).write(MEDIA.subarray(0, 188));
    });
    await assert.rejects(pull(`tshttp://127.0.0.1:${port}/`, { response_timeout: 100 }), {
      code: "http-ts.timeout",
      message: /did not answer the request/,
    });
    await assert.rejects(pull(`tshttp://127.0.0.1:${port}/quiet`, { timeout: 100 }), {
      code: "http-ts.timeout",
    });
    await shut(server);
    await assert.rejects(pull(`tshttp://127.0.0.1:${await freeTcpPort()}/`), {
      code: "http-ts.connection",
      message: /nobody listens/,
    });
  });

  test("a server that dies in the middle is an error, what came before it is kept", async () => {
    let socket: Socket | undefined;
    const { server, port } = await serve((request, response) => {
      socket = request.socket;
      response.writeHead(200, { "Content-Length": "100000" });
      response.write(MEDIA.subarray(0, 1000));
      setTimeout(() => socket?.destroy(), 50);
    });
    const into = new TestWriter();
    const url = `tshttp://127.0.0.1:${port}/`;
    const input = { url, scheme: "tshttp", priority: 1, sourceTimeoutMs: 60_000, options: {} };
    const run = pullTsHttp(input, testContext()).run(into, new AbortController().signal);
    await assert.rejects(run, { code: "http-ts.connection" });
    assert.equal(into.length, 1000);
    await shut(server);
  });
});
