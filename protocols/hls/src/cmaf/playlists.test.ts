import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeMediaPlaylist, writeMultivariantPlaylist } from "@millrace/playlist";
import { readSettings } from "../config.ts";
import { parseTrackChoices } from "../selection.ts";
import { makeTimeline, START_MS, track } from "../testing/made-timeline.ts";
import { iFramePlaylist } from "./i-frames.ts";
import { trackPlaylist } from "./track-playlist.ts";
import { type VariantsOptions, variantsOf } from "./variants.ts";

const V = track("v1");
const A = track("a1", { language: "deu" });
const settings = readSettings({});
const LOW = { track: "v1", lowLatency: true, settings };
const PLAIN = { ...LOW, lowLatency: false };

describe("the playlist of a track", () => {
  test("has parts near the end, a hint at the next one, and reports on the others", () => {
    const playlist = trackPlaylist(makeTimeline({ tracks: [V, A], count: 8, open: 2 }), LOW);
    assert.deepEqual([playlist?.mediaSequence, playlist?.discontinuitySequence], [10, 3]);
    assert.deepEqual(
      playlist?.segments.map(({ parts = [] }) => parts.length),
      [0, 0, 0, 0, 0, 4, 4, 4],
    );
    assert.equal(playlist?.parts?.length, 2);
    const next = START_MS + 8 * 2000 + 1000;
    assert.deepEqual(playlist?.preloadHints, [{ type: "PART", uri: `v1/part-${next}.m4s` }]);
    assert.deepEqual(playlist?.renditionReports, [{ uri: "a1.ll.m3u8", lastMsn: 18, lastPart: 1 }]);
    assert.deepEqual(playlist?.serverControl, {
      canBlockReload: true,
      canSkipUntilUs: 12e6,
      canSkipDateRanges: true,
      holdBackUs: 6e6,
      partHoldBackUs: 1.5e6,
    });
  });

  test("hints at a part of the next segment where the last one is whole, and reports its last part", () => {
    const playlist = trackPlaylist(makeTimeline({ tracks: [V, A], count: 4 }), LOW);
    assert.deepEqual(playlist?.preloadHints, [{ type: "PART", uri: `v1/part-${START_MS + 8000}.m4s` }]);
    assert.deepEqual(playlist?.renditionReports, [{ uri: "a1.ll.m3u8", lastMsn: 13, lastPart: 3 }]);
  });

  test("without low latency it has whole segments only", () => {
    const playlist = trackPlaylist(makeTimeline({ tracks: [V], count: 4, open: 2 }), PLAIN);
    assert.equal(playlist?.segments.length, 4);
    assert.ok(playlist.segments.every(({ parts }) => parts === undefined));
    assert.equal(playlist.parts, undefined);
    assert.equal(playlist.partTargetUs, undefined);
    assert.doesNotMatch(writeMediaPlaylist(playlist), /PART|RENDITION/);
  });

  test("another period is a discontinuity with its own map, in what is not whole yet, too", () => {
    const whole = trackPlaylist(makeTimeline({ tracks: [V], count: 4, breakAt: 2 }), PLAIN);
    assert.deepEqual(
      whole?.segments.map(({ discontinuity = false, map }) => [discontinuity, map?.uri]),
      [
        [false, "v1/init-1.mp4"],
        [false, "v1/init-1.mp4"],
        [true, "v1/init-2.mp4"],
        [false, "v1/init-2.mp4"],
      ],
    );
    const growing = trackPlaylist(makeTimeline({ tracks: [V], count: 4, open: 1, breakAt: 4 }), LOW);
    assert.deepEqual(growing?.pending, {
      programDateTimeMs: START_MS + 8000,
      discontinuity: true,
      map: { uri: "v1/init-2.mp4" },
    });
  });

  test("what nothing came of is a gap, and numbers go on", () => {
    const change = ({ msn }: { msn: number }) => (msn === 11 ? { gap: true, parts: [], bytes: 0 } : {});
    const playlist = trackPlaylist(makeTimeline({ tracks: [V], count: 3, change }), PLAIN);
    assert.deepEqual(
      playlist?.segments.map(({ gap = false }) => gap),
      [false, true, false],
    );
  });

  test("of text has whole segments as WebVTT files, low latency or not", () => {
    const change = ({
      track: name,
      startTicks,
      complete,
    }: {
      track: string;
      startTicks: number;
      complete: boolean;
    }) => (name === "t1" && complete ? { vtt: `t1/${startTicks}.vtt` } : {});
    const timeline = makeTimeline({ tracks: [V, track("t1")], count: 4, open: 2, change });
    const wanted = [0, 1, 2, 3].map((i) => `t1/${START_MS + i * 2000}.vtt`);
    for (const options of [LOW, PLAIN]) {
      const playlist = trackPlaylist(timeline, { ...options, track: "t1" });
      assert.deepEqual(
        playlist?.segments.map(({ uri }) => uri),
        wanted,
      );
      assert.equal(playlist.serverControl?.canBlockReload ?? false, options.lowLatency);
      assert.doesNotMatch(writeMediaPlaylist(playlist), /PART|MAP|HINT|m4s/);
    }
    assert.deepEqual(trackPlaylist(timeline, LOW)?.renditionReports, [{ uri: "t1.ll.m3u8", lastMsn: 13 }]);
  });

  test("there is none of a track that is not there", () => {
    assert.equal(trackPlaylist(makeTimeline({ tracks: [V], count: 3 }), { ...LOW, track: "v2" }), undefined);
  });

  test("players are told where to begin, but for low latency", () => {
    const timeline = makeTimeline({ tracks: [V], count: 4 });
    const own = { ...settings, startOffsetMs: 10_000 };
    assert.deepEqual(trackPlaylist(timeline, { ...PLAIN, settings: own })?.start, { timeOffsetUs: -1e7 });
    assert.equal(trackPlaylist(timeline, { ...LOW, settings: own })?.start, undefined);
  });
});

describe("the playlist of key frames", () => {
  test("has the first picture of each segment as a range, and gaps where it is none", () => {
    const change = ({ msn, parts }: { msn: number; parts: readonly object[] }) =>
      msn === 11 ? { parts: parts.map((part) => ({ ...part, keyBytes: undefined })) as never } : {};
    const playlist = iFramePlaylist(makeTimeline({ tracks: [V], count: 3, open: 2, change }), "v1");
    assert.deepEqual(
      playlist?.segments.map(({ byteRange, gap = false }) => [byteRange?.length, gap]),
      [
        [400, false],
        [undefined, true],
        [400, false],
      ],
    );
    assert.match(writeMediaPlaylist(playlist), /#EXT-X-I-FRAMES-ONLY\n/);
  });
});

describe("the variants", () => {
  const PLAIN_VARIANTS: VariantsOptions = { lowLatency: false, folder: "cmaf/", audioOnly: false };
  const look = (tracks: readonly ReturnType<typeof track>[], options: Partial<VariantsOptions> = {}) =>
    variantsOf(makeTimeline({ tracks, count: 3 }), { ...PLAIN_VARIANTS, ...options });

  test("are one for each picture, with all sounds and texts as renditions", () => {
    const found = look([
      V,
      track("v2"),
      A,
      track("a2", { language: "eng" }),
      track("t1", { language: "deu" }),
    ]);
    assert.deepEqual(
      found?.variants.map(({ uri, codecs, audio, subtitles }) => [uri, codecs, audio, subtitles]),
      [
        ["cmaf/v1.m3u8", ["avc1.64001f", "mp4a.40.2", "wvtt"], "audio", "subs"],
        ["cmaf/v2.m3u8", ["avc1.64001f", "mp4a.40.2", "wvtt"], "audio", "subs"],
      ],
    );
    assert.deepEqual(
      found.renditions?.map((each) => [each.type, each.name, each.language, each.default, each.uri]),
      [
        ["AUDIO", "deu (a1)", "deu", true, "cmaf/a1.m3u8"],
        ["AUDIO", "eng (a2)", "eng", false, "cmaf/a2.m3u8"],
        ["SUBTITLES", "deu (t1)", "deu", false, "cmaf/t1.m3u8"],
      ],
    );
    assert.match(
      writeMultivariantPlaylist(found),
      /#EXT-X-I-FRAME-STREAM-INF:.*URI="cmaf\/v2\.iframes\.m3u8"/,
    );
  });

  test("sounds of another coding are another group, so that players choose what they can decode", () => {
    const ac3 = track("a2", { codec: "ac3", codecString: "ac-3" });
    const found = look([V, A, ac3]);
    assert.deepEqual(
      found?.variants.map(({ codecs, audio }) => [codecs, audio]),
      [
        [["avc1.64001f", "mp4a.40.2"], "audio"],
        [["avc1.64001f", "ac-3"], "audio-ac3"],
      ],
    );
    assert.deepEqual(
      found.renditions?.map(({ groupId, default: isDefault }) => [groupId, isDefault]),
      [
        ["audio", true],
        ["audio-ac3", true],
      ],
    );
  });

  test("of a radio are its sounds; those without a picture are added where that is asked for", () => {
    const radio = look([A]);
    assert.deepEqual(
      radio?.variants.map(({ uri, audio }) => [uri, audio]),
      [["cmaf/a1.m3u8", undefined]],
    );
    assert.deepEqual(radio.renditions, []);
    assert.deepEqual(
      look([V, A], { audioOnly: true })?.variants.map(({ uri, codecs }) => [uri, codecs]),
      [
        ["cmaf/v1.m3u8", ["avc1.64001f", "mp4a.40.2"]],
        ["cmaf/a1.m3u8", ["mp4a.40.2"]],
      ],
    );
  });

  test("are those of the tracks chosen", () => {
    const tracks = [V, track("v2"), A, track("a2")];
    const choices = parseTrackChoices("v2a2") ?? [];
    const found = look(tracks, { choices, folder: "../cmaf/", lowLatency: true });
    assert.deepEqual(
      [...(found?.variants ?? []), ...(found?.renditions ?? [])].map(({ uri }) => uri),
      ["../cmaf/v2.ll.m3u8", "../cmaf/a2.ll.m3u8"],
    );
  });

  test("have rates that were measured", () => {
    const change = ({ msn, track: name }: { msn: number; track: string }) =>
      name === "v1" && msn === 11 ? { bytes: 8000 } : {};
    const found = variantsOf(makeTimeline({ tracks: [V, A], count: 3, change }), PLAIN_VARIANTS);
    // 4000 bytes in two seconds are 16 kbit/s; the second segment of the picture has twice as much.
    assert.equal(found?.variants[0]?.bandwidth, Math.ceil((32_000 + 16_000) * 1.2));
    assert.equal(found.variants[0]?.averageBandwidth, Math.ceil(64_000 / 3) + 16_000);
  });

  test("a language that says nothing is none, and who a sound is for is told", () => {
    const found = look([
      V,
      track("a1", { language: "und" }),
      track("a2", { audioType: 3 }),
      track("t1", { audioType: 2 }),
    ]);
    const [plain, described, text] = found?.renditions ?? [];
    assert.deepEqual([plain?.name, plain?.language], ["a1", undefined]);
    assert.equal(described?.characteristics, "public.accessibility.describes-video");
    assert.equal(described.autoselect, false);
    assert.match(String(text?.characteristics), /transcribes-spoken-dialog/);
  });
});
