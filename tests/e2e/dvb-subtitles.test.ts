import assert from "node:assert/strict";
import { test } from "node:test";
import type { Track } from "@millrace/model";
import { Demuxer, PACKET_SIZE } from "@millrace/mpegts";
import { fixture } from "./kit/paths.ts";
import { TestServer, until } from "./kit/server.ts";

const START_MS = 40_000;

/** A playlist, and the first URI in it that matches. */
async function firstUri(
  server: TestServer,
  path: string,
  uri: RegExp,
): Promise<{ text: string; found: string }> {
  return until(`a line of ${path}`, START_MS, async () => {
    const response = await fetch(server.url(path));
    const text = await response.text();
    const found = response.ok ? uri.exec(text)?.[0] : undefined;
    return found === undefined ? undefined : { text, found };
  });
}

/** What is in a transport stream, and how many units of each. */
function contentsOf(bytes: Uint8Array): { tracks: readonly Track[]; units: ReadonlyMap<number, number> } {
  const units = new Map<number, number>();
  let tracks: readonly Track[] = [];
  const demuxer = new Demuxer({
    onTracks: (found) => {
      tracks = found;
    },
    onUnit: ({ track }) => void units.set(track, (units.get(track) ?? 0) + 1),
  });
  demuxer.push(bytes, 0, Math.floor(bytes.length / PACKET_SIZE));
  demuxer.flush();
  return { tracks, units };
}

test("DVB subtitles go out in transport streams, and are nowhere offered as text", async (t) => {
  const server = await TestServer.start(t, `stream news { input file://${fixture("dvbsub.mpegts")}; }`);
  const { found } = await firstUri(server, "/news/mono.m3u8", /^\d+-\d+\.ts$/m);
  const segment = new Uint8Array(await (await fetch(server.url(`/news/${found}`))).arrayBuffer());
  const { tracks, units } = contentsOf(segment);
  const subtitles = tracks.find(({ codec }) => codec === "dvbsub");
  assert.equal(subtitles?.kind, "subtitle", `the segment has ${tracks.map(({ codec }) => codec).join(", ")}`);
  assert.ok((units.get(subtitles.id) ?? 0) > 0, "no subtitles in the segment");
  const { text } = await firstUri(server, "/news/index.fmp4.m3u8", /^cmaf\/.*$/m);
  assert.doesNotMatch(text, /SUBTITLES/);
  const { text: mpd } = await firstUri(server, "/news/index.mpd", /<AdaptationSet/);
  assert.doesNotMatch(mpd, /contentType="text"|stpp|wvtt/);
});
