import assert from "node:assert/strict";
import { test } from "node:test";
import { TestServer } from "../../e2e/kit/server.ts";
import { lintHls } from "../hls-linter/observe.ts";
import { lintLowLatency } from "./lint.ts";
import { observeLowLatency } from "./observe.ts";
import { scanAnswer } from "./scan.ts";

const SECONDS = 60;

test("a minute of low-latency HLS: no breach of rfc8216bis, followed part by part", async (t) => {
  // Long enough a list for delta updates to leave something out.
  const server = await TestServer.start(t, "stream demo { input fake://clock; segments 12; }");
  const url = server.url("/demo/index.ll.m3u8");
  const [observation, { violations }] = await Promise.all([
    observeLowLatency({ url, seconds: SECONDS }),
    lintHls({ url: server.url("/demo/index.fmp4.m3u8"), seconds: SECONDS }),
  ]);
  const breaches = lintLowLatency(observation).filter(({ level }) => level === "must");
  // How fast a busy machine is, is not what is asked for here.
  assert.deepEqual(
    breaches.filter(({ rule }) => rule !== "reload.part-late"),
    [],
  );
  // Its segments are no transport streams.
  const ofPlaylists = violations.filter(({ level, rule }) => level === "must" && !rule.startsWith("ts."));
  assert.deepEqual(ofPlaylists, []);
  const answers = observation.streams.flatMap((stream) => stream.answers);
  assert.equal(observation.streams.length, 2);
  assert.ok(answers.length > SECONDS, `${answers.length} answers`);
  assert.ok(observation.parts.length > SECONDS, `${observation.parts.length} parts`);
  assert.ok(
    observation.parts.every(({ status }) => status === 200),
    "a hinted part was not there",
  );
  assert.ok(
    answers.some((answer) => scanAnswer(answer).skipped > 0),
    "no delta update",
  );
});
