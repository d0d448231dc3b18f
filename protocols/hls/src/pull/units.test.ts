import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Options } from "@millrace/model";
import { mediaPlaylist, type Served } from "./testing/hls-server.ts";
import { packedAac, VIDEO_INIT, videoFragment } from "./testing/media.ts";
import { serve, start } from "./testing/running.ts";
import type { PullWriter } from "./testing/unit-writer.ts";

async function play(files: Readonly<Record<string, Served>>, options: Options = {}): Promise<PullWriter> {
  const server = await serve(files);
  const { into, ended, lane } = start(server.url("/list.m3u8"), { paced: false, ...options });
  await ended;
  assert.equal(lane(), "units");
  return into;
}

function times(from: number, count: number, step: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round(from + i * step));
}

const MAP = '#EXT-X-MAP:URI="init.mp4"';

suite("HLS input: fragmented MP4", () => {
  test("units with their times; the header is fetched once", async () => {
    const into = await play({
      "/list.m3u8": mediaPlaylist({ segments: [`${MAP}\n0`, "1"], end: true }),
      "/init.mp4": VIDEO_INIT,
      "/0": videoFragment(900_000, 25),
      "/1": videoFragment(990_000, 25),
    });
    assert.deepEqual(
      into.tracks.map(({ id, codec }) => [id, codec]),
      [[1, "h264"]],
    );
    assert.deepEqual(
      into.units.map(({ dts }) => dts),
      times(900_000, 50, 3600),
    );
    assert.deepEqual(
      into.units.flatMap(({ key }, i) => (key ? [i] : [])),
      [0, 25],
    );
    assert.deepEqual(into.counters, {});
  });

  test("header and segments as stretches of one file", async () => {
    const [one, two] = [videoFragment(0, 5), videoFragment(18_000, 5)];
    const at = VIDEO_INIT.length;
    const into = await play({
      "/list.m3u8": mediaPlaylist({
        segments: [
          `#EXT-X-MAP:URI="all.mp4",BYTERANGE="${at}@0"\n#EXT-X-BYTERANGE:${one.length}@${at}\nall.mp4`,
          `#EXT-X-BYTERANGE:${two.length}\nall.mp4`,
        ],
        end: true,
      }),
      "/all.mp4": Buffer.concat([VIDEO_INIT, one, two]),
    });
    assert.deepEqual(
      into.units.map(({ dts }) => dts),
      times(0, 10, 3600),
    );
  });

  test("after a break the timeline goes on where it ended", async () => {
    const into = await play({
      "/list.m3u8": mediaPlaylist({ segments: [`${MAP}\n0`, "#EXT-X-DISCONTINUITY\n1"], end: true }),
      "/init.mp4": VIDEO_INIT,
      "/0": videoFragment(900_000, 25),
      "/1": videoFragment(50, 25),
    });
    assert.deepEqual(
      into.units.map(({ dts }) => dts),
      times(900_000, 50, 3600),
    );
    assert.deepEqual(
      into.units.flatMap(({ discontinuity }, i) => (discontinuity ? [i] : [])),
      [25],
    );
  });

  test("a broken segment is counted, the next is played", async () => {
    const broken = videoFragment(990_000, 25).slice();
    broken.set([0, 0, 0, 3], 0);
    const into = await play({
      "/list.m3u8": mediaPlaylist({ segments: [`${MAP}\n0`, "1", "2"], end: true }),
      "/init.mp4": VIDEO_INIT,
      "/0": videoFragment(900_000, 25),
      "/1": broken,
      "/2": videoFragment(1_080_000, 25),
    });
    assert.equal(into.units.length, 50);
    assert.equal(into.counters["damagedSegments"], 1);
  });
});

suite("HLS input: packed audio", () => {
  test("times by the tag in front of each segment", async () => {
    const into = await play({
      "/list.m3u8": mediaPlaylist({ segments: ["0", "1"], end: true }),
      "/0": packedAac(10, 1, 90_000),
      "/1": packedAac(10, 2, 90_000 + 19_200),
    });
    assert.deepEqual(
      into.units.map(({ dts }) => dts),
      times(90_000, 20, 1920),
    );
    assert.equal(into.tracks[0]?.codec, "aac");
    assert.deepEqual(into.units[0]?.data, [new Uint8Array(50).fill(1)]);
    assert.deepEqual(into.counters, {});
  });

  test("over a turn of the 33 bits", async () => {
    const last = 2 ** 33 - 9600;
    const into = await play({
      "/list.m3u8": mediaPlaylist({ segments: ["0", "1"], end: true }),
      "/0": packedAac(5, 1, last),
      "/1": packedAac(5, 2, 0),
    });
    assert.deepEqual(
      into.units.map(({ dts }) => dts),
      times(last, 10, 1920),
    );
  });

  test("without tags segments follow each other", async () => {
    const into = await play({
      "/list.m3u8": mediaPlaylist({ segments: ["0", "1"], end: true }),
      "/0": packedAac(5, 1),
      "/1": packedAac(5, 2),
    });
    assert.deepEqual(
      into.units.map(({ dts }) => dts),
      times(0, 10, 1920),
    );
  });
});

suite("HLS input: sounds with playlists of their own", () => {
  const MASTER = [
    "#EXTM3U",
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Deutsch",LANGUAGE="de",URI="de.m3u8"',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en-GB",DEFAULT=YES,URI="en.m3u8"',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="other",NAME="Other",URI="other.m3u8"',
    '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="Text",URI="text.m3u8"',
    '#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS="avc1.640020,mp4a.40.2",AUDIO="a",SUBTITLES="s"',
    "video.m3u8",
  ].join("\n");
  const files: Record<string, Served> = {
    "/list.m3u8": MASTER,
    "/video.m3u8": mediaPlaylist({ segments: [`${MAP}\nv0`, "#EXT-X-DISCONTINUITY\nv1"], end: true }),
    "/init.mp4": VIDEO_INIT,
    "/v0": videoFragment(900_000, 25),
    "/v1": videoFragment(45_000, 25),
    "/en.m3u8": mediaPlaylist({ segments: ["e0", "#EXT-X-DISCONTINUITY\ne1"], end: true }),
    "/e0": packedAac(47, 1, 900_100),
    "/e1": packedAac(47, 2, 45_100),
    "/de.m3u8": mediaPlaylist({ segments: ["d0", "#EXT-X-DISCONTINUITY\nd1"], end: true }),
    "/d0": packedAac(47, 3, 900_200),
    "/d1": packedAac(47, 4, 45_200),
  };

  test("are tracks of the stream, on one timeline with the picture", async () => {
    const into = await play(files);
    assert.deepEqual(
      into.tracks.map(({ id, codec, language }) => [id, codec, language]),
      [
        [1, "h264", undefined],
        [2, "aac", "eng"],
        [3, "aac", "deu"],
      ],
    );
    const [video, english, german] = [1, 2, 3].map((id) => into.unitsOf(id).map(({ dts }) => dts));
    assert.equal(video?.length, 50);
    assert.equal(english?.length, 94);
    assert.equal(german?.length, 94);
    // Each half keeps its distances; where the second begins is said by whichever came to it first.
    assert.deepEqual([english?.[0], german?.[0]], [900_100, 900_200]);
    const moved = (video?.[25] ?? 0) - 45_000;
    assert.deepEqual([english?.[47], german?.[47]], [45_100 + moved, 45_200 + moved]);
    assert.ok(Math.abs((video?.[25] ?? 0) - 990_000) < 1000);
    assert.deepEqual(into.counters, {});
  });

  test("renditions=off takes the default one alone", async () => {
    const into = await play(files, { renditions: false });
    assert.deepEqual(
      into.tracks.map(({ id, language }) => [id, language]),
      [
        [1, undefined],
        [2, "eng"],
      ],
    );
  });

  test("one that cannot be had does not keep the rest from being played", async () => {
    const { "/de.m3u8": _gone, ...rest } = files;
    const into = await play(rest);
    assert.equal(into.unitsOf(1).length, 50);
    assert.equal(into.unitsOf(2).length, 94);
    assert.equal(into.counters["lostRenditions"], 1);
  });

  test("paced: picture and sound come together", async () => {
    const into = await play(files, { paced: true });
    const order = into.units.map(({ dts }) => dts);
    for (let i = 1; i < order.length; i++)
      assert.ok((order[i] as number) >= (order[i - 1] as number) - 3600, `at ${i}`);
    assert.equal(order.length, 50 + 94 + 94);
  });
});
