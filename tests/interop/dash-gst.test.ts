import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { FPS, startEncoder } from "./kit/encoder.ts";

const START_MS = 40_000;
/** So much has to be decoded, of pictures and of sound. */
const PLAYED_S = 20;
/** Buffers of decoded AAC at 48 kHz, a second: those of 1024 samples, rounded down. */
const SOUNDS = 46;
/** With what it fills its buffers before it begins: dashdemux2 wants 30 s. */
const BUFFERED_MS = 60_000;

/** Which demultiplexer which of GStreamer's sources takes. */
const SOURCES = [
  ["dashdemux", "uridecodebin"],
  ["dashdemux2", "uridecodebin3"],
] as const;

/** Skips the test, and says so, where one of GStreamer's elements is not installed. */
function needsElements(t: TestContext, names: readonly string[]): boolean {
  if (!needs(t, "gst-launch-1.0") || !needs(t, "gst-inspect-1.0")) return false;
  const missing = names.filter((name) => spawnSync("gst-inspect-1.0", ["--exists", name]).status !== 0);
  if (missing.length === 0) return true;
  t.skip(`GStreamer's elements are missing: ${missing.join(", ")}`);
  return false;
}

for (const [demultiplexer, source] of SOURCES) {
  test(`GStreamer's ${demultiplexer} plays index.mpd for ${PLAYED_S} s without an error`, async (t) => {
    if (!needs(t, "ffmpeg") || !needsElements(t, [demultiplexer, source, "souphttpsrc", "qtdemux"])) return;
    const server = await TestServer.start(t, "stream live { publish_enabled; }");
    const publishing = { url: server.url("/live/mpegts"), options: ["-method", "PUT"] };
    startEncoder(t, { video: "h264", audio: "aac" }, publishing);
    const url = server.url("/live/index.mpd");
    await until("an MPD", START_MS, async () => ((await fetch(url)).ok ? true : undefined));
    // At the pace of the clock, as players do; each buffer that a sink gets is told of.
    const words = [
      `-v ${source} uri=${url} name=in`,
      "in. ! queue ! videoconvert ! fakesink name=picture sync=true silent=false",
      "in. ! queue ! audioconvert ! fakesink name=sound sync=true silent=false",
    ];
    const player = Background.start(t, "gst-launch-1.0", words.join(" ").split(" "));
    const counts = (): { pictures: number; sounds: number } => {
      const text = player.stdout.toString();
      const of = (name: string): number => text.split(`GstFakeSink:${name}: last-message = chain`).length - 1;
      return { pictures: of("picture"), sounds: of("sound") };
    };
    await until(`${PLAYED_S} s of pictures and sound`, START_MS + PLAYED_S * 3000 + BUFFERED_MS, async () => {
      assert.ok(player.running, player.stderr);
      const { pictures, sounds } = counts();
      return (pictures >= PLAYED_S * FPS && sounds >= PLAYED_S * SOUNDS) || undefined;
    });
    const { stderr } = player;
    await player.kill();
    assert.doesNotMatch(stderr, /ERROR/);
  });
}
