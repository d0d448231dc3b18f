import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseRtmpUrl, reconnectTarget } from "./url.ts";

const GOOD: readonly [url: string, expected: Partial<ReturnType<typeof parseRtmpUrl>>][] = [
  [
    "rtmp://h/app/name",
    {
      tls: false,
      host: "h",
      port: 1935,
      app: "app",
      name: "name",
      tcUrl: "rtmp://h/app",
      user: "",
      password: "",
    },
  ],
  ["rtmp://h/app/a/b?x=/y//z", { app: "app", name: "a/b?x=/y//z", tcUrl: "rtmp://h/app" }],
  ["rtmp://h/a/b//c/d", { app: "a/b", name: "c/d", tcUrl: "rtmp://h/a/b" }],
  ["rtmp://h:1936/app/name", { port: 1936, tcUrl: "rtmp://h:1936/app" }],
  ["rtmps://h/app/name", { tls: true, port: 443, tcUrl: "rtmps://h/app" }],
  ["rtmp://[::1]:1935/app/name", { host: "::1", tcUrl: "rtmp://[::1]/app" }],
  ["rtmp://u:p%40ss@h/app/name", { host: "h", user: "u", password: "p@ss", tcUrl: "rtmp://h/app" }],
  ["rtmp://h/published", { app: "published", name: "" }],
];

const BAD = [
  "http://h/app/name",
  "rtmp:///app/name",
  "rtmp://h",
  "rtmp://h/",
  "rtmp://h//name",
  "rtmp://h:0/app/name",
  "rtmp://h:70000/app/name",
  "rtmp://h/app/na me",
  "rtmp://h/app/na\nme",
  "rtmp://u:%zz@h/app/name",
];

suite("RTMP URLs", () => {
  for (const [url, expected] of GOOD) {
    test(url, () => assert.deepEqual({ ...parseRtmpUrl(url), ...expected }, parseRtmpUrl(url)));
  }
  for (const url of BAD) {
    test(`refuses ${JSON.stringify(url)}`, () => assert.throws(() => parseRtmpUrl(url), { code: "bad-url" }));
  }
});

const FROM = "rtmp://u:p@old:1936/live/cam?x=1";
const MOVED: readonly [tcUrl: string | undefined, host: string, port: number, app: string][] = [
  [undefined, "old", 1936, "live"],
  ["rtmp://new/other", "new", 1935, "other"],
  ["rtmps://new:444/a/b", "new", 444, "a/b"],
  ["//192.0.2.0/other", "192.0.2.0", 1935, "other"],
  ["/other", "old", 1936, "other"],
  ["other", "old", 1936, "other"],
  ["/other?token=2", "old", 1936, "other?token=2"],
];

suite("reconnect requests", () => {
  for (const [tcUrl, host, port, app] of MOVED) {
    test(`to ${tcUrl}`, () => {
      const target = reconnectTarget(parseRtmpUrl(FROM), tcUrl);
      assert.deepEqual(
        [target?.host, target?.port, target?.app, target?.name, target?.user, target?.password],
        [host, port, app, "cam?x=1", "u", "p"],
      );
      assert.ok(target?.tcUrl.endsWith(`/${app}`));
    });
  }
  test("to another protocol are nothing", () => {
    assert.equal(reconnectTarget(parseRtmpUrl(FROM), "http://new/app"), undefined);
  });
});
