import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Background } from "../interop/kit/background.ts";
import { needs, run } from "./kit/programs.ts";
import { freePort, TestServer } from "./kit/server.ts";

/** A packet as ffprobe reads it, in whole milliseconds. */
interface Probed {
  readonly kind: string;
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
}

const SECONDS = 14;
/** Packets that are read of each way. */
const PACKETS = 200;

/** H.264 with B-frames, of which pictures are missing at random so that each stretch is like no other, and AAC. */
async function encode(file: string): Promise<void> {
  const video = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25,select='gt(random(7)\\,0.2)'"];
  const audio = ["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=48000"];
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0", "-g", "20"];
  const { status, stderr } = await run(
    "ffmpeg",
    [
      ...["-v", "error", "-nostdin", ...video, ...audio, ...coding, "-fps_mode", "vfr"],
      ...["-c:a", "aac", "-t", String(SECONDS), "-f", "flv", file],
    ],
    30_000,
  );
  assert.equal(status, 0, stderr);
}

async function probe(url: string, packets?: number): Promise<Probed[]> {
  const { status, stdout, stderr } = await run(
    "ffprobe",
    [
      ...[
        "-v",
        "error",
        "-show_entries",
        "packet=codec_type,pts_time,dts_time,flags",
        "-of",
        "compact=nk=0:p=0",
      ],
      ...(packets === undefined ? [] : ["-read_intervals", `%+#${packets}`]),
      url,
    ],
    20_000,
  );
  assert.equal(status, 0, `${url}: ${stderr}`);
  assert.equal(stderr, "", url);
  return stdout
    .split("\n")
    .filter((line) => line.includes("dts_time"))
    .map((line) => {
      const field = (name: string): string => new RegExp(`${name}=([^|]*)`).exec(line)?.[1] ?? "";
      const ms = (name: string): number => Math.round(Number(field(name)) * 1000);
      const key = field("flags").includes("K");
      return { kind: field("codec_type"), pts: ms("pts_time"), dts: ms("dts_time"), key };
    });
}

/** The offsets, in milliseconds, at which the pictures seen are a stretch of those that were sent. */
function offsetsOf(seen: readonly Probed[], sent: readonly Probed[]): number[] {
  const offsets: number[] = [];
  for (let from = 0; from + seen.length <= sent.length; from++) {
    const offset = (seen[0] as Probed).dts - (sent[from] as Probed).dts;
    const fits = seen.every((packet, i) => {
      const other = sent[from + i] as Probed;
      return (
        packet.dts - other.dts === offset && packet.pts - other.pts === offset && packet.key === other.key
      );
    });
    if (fits) offsets.push(offset);
  }
  return offsets;
}

/** Audio packets that are not where they were sent, to the millisecond that rounding may take; as text. */
function misplaced(seen: readonly Probed[], sent: readonly Probed[], offset: number): string[] {
  const from = sent.findIndex(({ pts }) => Math.abs(pts + offset - (seen[0] as Probed).pts) <= 1);
  if (from < 0) return ["the first one was never sent"];
  return seen.flatMap(({ pts }, i) => {
    const wanted = (sent[from + i]?.pts ?? Number.NaN) + offset;
    return Math.abs(pts - wanted) <= 1 ? [] : [`${i}: ${pts} instead of ${wanted}`];
  });
}

test("H.264 with B-frames and AAC: HTTP-TS, HTTP-FLV and RTMP have the times that were published", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nstream one { publish_enabled; }`);
  const rtmp = `rtmp://127.0.0.1:${port}/static/one`;
  const file = join(server.folder, "sent.flv");
  await encode(file);
  const sent = await probe(file);
  const of = (packets: readonly Probed[], kind: string): Probed[] =>
    packets.filter((packet) => packet.kind === kind);
  assert.ok(
    of(sent, "video").some(({ pts, dts }) => pts - dts > 80),
    "there are B-frames",
  );
  const publisher = Background.start(t, "ffmpeg", [
    ...["-v", "error", "-nostdin", "-re", "-i", file, "-c", "copy", "-f", "flv", rtmp],
  ]);
  await server.waitFor("input on air", 8000).catch((error: Error) => {
    throw new Error(`${error.message}: ${publisher.stderr}`);
  });
  const ways = [server.url("/one/mpegts"), server.url("/one.flv"), rtmp];
  const seen = await Promise.all(ways.map((url) => probe(url, PACKETS)));
  for (const [i, packets] of seen.entries()) {
    const [way, video, audio] = [ways[i] as string, of(packets, "video"), of(packets, "audio")];
    assert.ok(video.length > 40 && audio.length > 80, `${way}: ${video.length} and ${audio.length} packets`);
    const offsets = offsetsOf(video, of(sent, "video"));
    assert.equal(offsets.length, 1, `${way}: ${JSON.stringify(video.slice(0, 8))}`);
    assert.deepEqual(misplaced(audio, of(sent, "audio"), offsets[0] as number), [], way);
  }
  assert.equal(publisher.stderr, "");
});
