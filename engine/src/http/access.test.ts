import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { openDoor } from "../testing/door-kit.ts";
import { http1Client, http2Client } from "../testing/http-clients.ts";
import { accessOf, refuse, STATUS_OF_REFUSAL } from "./access.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test("token, user and password of a request", () => {
  const cases: [Record<string, string>, Record<string, string>, object][] = [
    [{}, {}, {}],
    [{ token: "t" }, {}, { token: "t" }],
    [{}, { authorization: "Bearer abc" }, { token: "abc" }],
    [{ token: "t" }, { authorization: "bearer abc" }, { token: "t" }],
    [{}, { authorization: basic("eve:pa:ss") }, { user: "eve", password: "pa:ss" }],
    [{}, { authorization: basic("eve") }, { user: "eve" }],
    [{ user: "ann", password: "p" }, {}, { user: "ann", password: "p" }],
    [{ password: "p" }, {}, { password: "p" }],
    [{ user: "ann", password: "p" }, { authorization: basic("eve:x") }, { user: "eve", password: "x" }],
    [{}, { authorization: "Basic !" }, {}],
    [{}, { referer: "http://page/", "user-agent": "box" }, { referer: "http://page/", userAgent: "box" }],
  ];
  for (const [query, headers, wanted] of cases) {
    const request = { headers } as unknown as IncomingMessage;
    const match = /^\/(.+)\/x$/.exec("/cam/x") as RegExpExecArray;
    const { query: _, ...access } = accessOf({ request, path: "/cam/x", query, match, ip: "::1" }, "hls");
    assert.deepEqual(access, { kind: "play", stream: "cam", protocol: "hls", ip: "::1", ...wanted });
    const named = accessOf({ request, path: "/cam/x", query, match, ip: "::1" }, "hls", "other");
    assert.equal(named.stream, "other");
  }
});

test("refusals have their status and text, over every version of HTTP, and may have a body that nobody reads", async (t) => {
  const reasons = Object.keys(STATUS_OF_REFUSAL) as (keyof typeof STATUS_OF_REFUSAL)[];
  const { port, tlsPort } = await openDoor(t, [
    {
      methods: ["GET", "HEAD", "PUT"],
      pattern: /^\/(.+)$/,
      handle: (exchange) =>
        refuse(exchange, {
          ok: false,
          reason: exchange.match[1] as (typeof reasons)[number],
          text: "because",
        }),
    },
  ]);
  for (const ask of [http1Client(port), http1Client(tlsPort, { tls: true }), http2Client(t, tlsPort)]) {
    for (const reason of reasons) {
      const { status, body, headers } = await ask(`/${reason}`);
      assert.deepEqual([status, body.toString()], [STATUS_OF_REFUSAL[reason], "because\n"]);
      assert.equal(headers["access-control-allow-origin"], "*");
      assert.equal(headers["www-authenticate"], reason === "unauthorized" ? "Bearer" : undefined);
    }
    const put = await ask("/forbidden", { method: "PUT", body: new Uint8Array(10_000) });
    assert.deepEqual([put.status, put.body.toString()], [403, "because\n"]);
  }
});
