import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasProgram } from "../program.ts";
import { runRtmp } from "../rtmp/rtmp.ts";
import { fillIn, peerContestant } from "./contestant.ts";
import { parsePeers, placeOf, readPeers } from "./peers-file.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const publish = "rtmp://127.0.0.1:{port:rtmp}/live/{stream}";
const peer = { name: "p", command: "p -c {config}", publish, play: { rtmp: publish } };

test("a peer is read, with a command of words or of a line", () => {
  const [read] = parsePeers([{ ...peer, config: ["a;", "b;"] }]);
  assert.deepEqual(read?.command, ["p", "-c", "{config}"]);
  assert.equal(read?.config, "a;\nb;");
  assert.deepEqual(parsePeers([{ ...peer, command: ["/a b/p", "x"] }])[0]?.command, ["/a b/p", "x"]);
  assert.deepEqual(placeOf("http://127.0.0.1:{port:web}/live/{stream}.flv", "p", "http-flv"), {
    port: "web",
    path: "/live/%.flv",
  });
});

test("what is no file of peers is refused with its reason", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /array/],
    [[null], /entry 1 is no object/],
    [[{ ...peer, name: "" }], /entry 1 has no "name"/],
    [[{ ...peer, command: " " }], /p has no "command"/],
    [[{ ...peer, command: [1] }], /p has no "command"/],
    [[{ ...peer, config: 7 }], /"config" is neither/],
    [[{ ...peer, publish: undefined }], /no "publish"/],
    [[{ ...peer, publish: "rtmp://127.0.0.1:1935/live/{stream}" }], /is not rtmp:/],
    [[{ ...peer, publish: "rtmp://127.0.0.1:{port:a}/app/{stream}" }], /\/live\/\{stream\}/],
    [[{ ...peer, play: {} }], /no "play"/],
    [[{ ...peer, play: { webrtc: publish } }], /not webrtc/],
    [[{ ...peer, play: { hls: publish } }], /is not http:/],
    [[{ ...peer, play: { hls: "http://127.0.0.1:{port:a}/x.m3u8" } }], /is not http:/],
    [[peer, peer], /same name/],
  ];
  for (const [json, message] of cases)
    assert.throws(() => parsePeers(json), { code: "bench.usage", message });
  assert.throws(() => readPeers("/no/such/file"), { code: "bench.usage" });
});

test("placeholders are filled in, and a configuration's own braces stay", () => {
  const values = { home: "/h", config: "/h/config", ports: new Map([["rtmp", 1935]]) };
  assert.equal(fillIn("listen {port:rtmp}; {x} {home} {config}", values), "listen 1935; {x} /h /h/config");
  assert.throws(() => fillIn("{port:web}", values), { code: "bench.usage", message: /\{port:web\}/ });
});

test("a program that is not there is told", () => {
  const [missing] = parsePeers([{ ...peer, command: "/no/such/program {config}" }]);
  assert.match(peerContestant(missing as NonNullable<typeof missing>).missing() ?? "", /is not there/);
});

test("a server from a file of peers is measured like any other", async (t) => {
  if (!hasProgram("nginx") || !existsSync(MODULE) || !hasProgram("cc")) {
    t.skip("nginx with its RTMP module and a C compiler are needed: no peer of a file is measured");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = [
    `load_module ${MODULE};`,
    "daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;",
    "events { worker_connections 64; }",
    "rtmp { access_log off; server { listen 127.0.0.1:{port:in}; application live { live on; } } }",
  ];
  const play = { rtmp: "rtmp://127.0.0.1:{port:in}/live/{stream}" };
  const command = "nginx -c {config} -p {home} -e {home}/error.log";
  const file = join(folder, "peers.json");
  writeFileSync(file, JSON.stringify([{ name: "theirs", command, config, publish: play.rtmp, play }]));
  const [theirs] = readPeers(file);
  const servers = new Map([["theirs", peerContestant(theirs as NonNullable<typeof theirs>)]]);
  const told: object[] = [];
  const times = { repeats: 1, seconds: 1, onSample: (sample: object) => told.push(sample) };
  const [row] = await runRtmp({ players: [2], servers, transports: ["rtmp", "http-flv"], ...times });
  assert.deepEqual([row?.server, row?.transport, row?.failures, told.length], ["theirs", "rtmp", 0, 1]);
  assert.ok((row?.bytes ?? 0) > 0 && (row?.cpuPerGb.median ?? 0) > 0);
});
