import assert from "node:assert/strict";
import { test } from "node:test";
import { isHopeless, type TrackFacts, undecodableOf, undecodableText } from "../assets/codecs.js";
import { formatBitrate, formatBytes, formatCount } from "../assets/format.js";
import { type Capabilities, formatOrder, formatUrl, withSoundFirst } from "../assets/formats.js";
import { qualityLabel, trackLabels } from "../assets/labels.js";
import { type PlayerOptions, readPlayerOptions } from "../assets/player-options.js";
import { PROBLEMS, problemOfHls, problemOfStatus, retryDelayMs } from "../assets/problems.js";
import { addressesOf, playersOf, stateOf, tracksText } from "../assets/stream-state.js";

test("numbers in words", () => {
  const bitrates: readonly [number, string][] = [
    [0, "0 kbit/s"],
    [Number.NaN, "0 kbit/s"],
    [128_000, "128 kbit/s"],
    [999_499, "999 kbit/s"],
    [999_500, "1.00 Mbit/s"],
    [9_994_000, "9.99 Mbit/s"],
    [9_996_000, "10.0 Mbit/s"],
    [99_960_000, "100 Mbit/s"],
    [1_500_000_000, "1.50 Gbit/s"],
  ];
  for (const [value, text] of bitrates) assert.equal(formatBitrate(value), text);
  const bytes: readonly [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [123_456_789, "123 MB"],
    [2e15, "2000 TB"],
  ];
  for (const [value, text] of bytes) assert.equal(formatBytes(value), text);
  assert.equal(formatCount(1, "viewer", "viewers"), "1 viewer");
  assert.equal(formatCount(1240, "viewer", "viewers"), "1,240 viewers");
});

test("options of the player page", () => {
  const defaults: PlayerOptions = {
    autoplay: true,
    muted: false,
    controls: true,
    stats: false,
    realtime: false,
    format: "auto",
    playSeconds: 0,
    agoSeconds: 0,
    recording: false,
    logo: "",
    poster: "",
    credentials: "",
  };
  const cases: readonly [string, Partial<PlayerOptions>][] = [
    ["", {}],
    ["?autoplay=0", { autoplay: false }],
    ["?autoplay=false&muted=1", { autoplay: false, muted: true }],
    ["?controls=no&stats=1", { controls: false, stats: true }],
    ["?realtime=true&format=DASH", { realtime: true, format: "dash" }],
    ["?play_duration=600&ago=3600", { playSeconds: 600, agoSeconds: 3600 }],
    ["?play_duration=soon&ago=-1", {}],
    ["?dvr=true", { recording: true }],
    ["?dvr=false", {}],
    ["?from=1511300552&to=1511300852", { recording: true }],
    ["?token=a%26b&other=1", { credentials: "?token=a%26b" }],
    ["?user=u&password=p", { credentials: "?user=u&password=p" }],
    ["?logo=/-/logo.svg", { logo: "/-/logo.svg" }],
    ["?logo=//evil.example/x&poster=https://evil.example/x", {}],
  ];
  for (const [query, changes] of cases)
    assert.deepEqual(readPlayerOptions(query), { ...defaults, ...changes }, query);
});

test("formats are tried by what the browser has", () => {
  const chromium = { mediaSource: true, nativeHls: true, prefersNative: false };
  const firefox = { mediaSource: true, nativeHls: false, prefersNative: false };
  const safari = { mediaSource: true, nativeHls: true, prefersNative: true };
  const phone = { mediaSource: false, nativeHls: true, prefersNative: true };
  const cases: readonly [Capabilities, string, boolean, string][] = [
    [chromium, "auto", false, "ll hls dash mse native flv mp4"],
    [chromium, "auto", true, "mse ll hls dash native flv mp4"],
    [firefox, "auto", false, "ll hls dash mse flv mp4"],
    [safari, "auto", false, "native ll hls dash mse flv mp4"],
    [safari, "auto", true, "mse native ll hls dash flv mp4"],
    [phone, "auto", true, "native mp4"],
    [phone, "hls", false, "native"],
    [safari, "hls", false, "native"],
    [chromium, "hls", false, "hls"],
    [chromium, "dash", true, "dash"],
    [chromium, "constructor", false, ""],
    [chromium, "flash", false, ""],
  ];
  for (const [browser, format, realtime, order] of cases)
    assert.equal(formatOrder({ format, realtime }, browser).join(" "), order, `${format} ${realtime}`);
});

test("MP3 comes by transport stream, the only one that browsers hear it from", () => {
  const sound = (codec: string): TrackFacts => ({ content: "audio", codec, track_id: "a1" });
  const order = ["ll", "hls", "dash"];
  const cases: readonly [string[], TrackFacts[], string][] = [
    [order, [], "ll hls dash"],
    [order, [sound("aac")], "ll hls dash"],
    [order, [sound("mpa")], "hls ll dash"],
    [order, [sound("mpa"), sound("aac")], "ll hls dash"],
    [["mse", ...order], [sound("mpa")], "mse ll hls dash"],
    [["dash"], [sound("mpa")], "dash"],
  ];
  for (const [from, tracks, expected] of cases)
    assert.equal(withSoundFirst(from, tracks).join(" "), expected);
});

test("addresses of the formats, beside the page", () => {
  const of = { streamName: "a/b c", credentials: "?token=x", realtime: false };
  assert.equal(formatUrl("ll", of), "index.ll.m3u8?token=x");
  assert.equal(formatUrl("mp4", of), "../b%20c.mp4?token=x");
  assert.equal(formatUrl("flv", of), "../b%20c.flv?token=x");
  assert.equal(formatUrl("mse", of), "mse_ld?token=x");
  assert.equal(formatUrl("dash", of), "index.mpd?token=x");
  assert.equal(formatUrl("dash", { ...of, realtime: true }), "index.ll.mpd?token=x");
});

test("what cannot be decoded is named", () => {
  const track = (content: string, codec: string) => ({ content, codec, track_id: "x" });
  const canPlay = (type: string): boolean => /avc1|mp4a/.test(type);
  const cases: readonly [TrackFacts[], string, boolean][] = [
    [[], "", false],
    [[track("video", "h264"), track("audio", "aac")], "", false],
    [[track("video", "mpeg2video"), track("audio", "aac")], "MPEG-2 video", false],
    [[track("video", "mpeg2video"), track("video", "h264")], "", false],
    [[track("video", "h264"), track("audio", "ac3")], "AC-3 sound", false],
    [[track("video", "h265"), track("audio", "eac3")], "H.265 video and E-AC-3 sound", true],
    [[track("audio", "dts"), track("subtitle", "dvbsub")], "DTS sound", true],
  ];
  for (const [tracks, what, hopeless] of cases) {
    const lacking = undecodableOf(tracks, canPlay);
    assert.equal(undecodableText(lacking), what === "" ? "" : `This browser cannot decode ${what}.`);
    assert.equal(isHopeless(tracks, lacking), hopeless, what);
  }
});

test("sounds are called by their languages, and no two the same", () => {
  const labels = trackLabels(
    [
      { language: "eng", name: "a1" },
      { language: "deu" },
      { language: "en", name: "Commentary" },
      { language: "und", name: "a4" },
      {},
    ],
    "Sound",
  );
  assert.deepEqual(labels, ["English (a1)", "German", "English (Commentary)", "a4", "Sound 5"]);
  assert.equal(qualityLabel({ height: 720, bitrate: 2_100_000 }), "720p · 2.10 Mbit/s");
  assert.equal(qualityLabel({}), "Picture");
});

test("every failure has its words", () => {
  const cases: readonly [string, string, number | undefined, string][] = [
    ["networkError", "manifestLoadError", 404, "missing"],
    ["networkError", "manifestLoadError", 403, "forbidden"],
    ["networkError", "manifestLoadError", 503, "offline"],
    ["networkError", "manifestLoadError", 0, "network"],
    ["networkError", "manifestLoadTimeOut", undefined, "network"],
    ["networkError", "manifestParsingError", 200, "offline"],
    ["networkError", "levelLoadError", 404, "missing"],
    ["networkError", "fragLoadError", 404, "offline"],
    ["networkError", "fragLoadError", 0, "network"],
    ["mediaError", "bufferAddCodecError", undefined, "codec"],
    ["mediaError", "manifestIncompatibleCodecsError", undefined, "codec"],
    ["mediaError", "fragParsingError", undefined, "broken"],
    ["otherError", "internalException", undefined, "broken"],
  ];
  for (const [type, details, status, name] of cases) {
    assert.equal(problemOfHls({ type, details, status }), name, `${details} ${status}`);
    assert.ok(PROBLEMS[name]);
  }
  for (const status of [0, 401, 404, 406, 409, 429, 500, 502])
    assert.ok(PROBLEMS[problemOfStatus(status)], `${status}`);
});

test("attempts come further and further apart", () => {
  const delays = [0, 1, 2, 3, 4, 50].map((attempt) => retryDelayMs(attempt, false));
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(retryDelayMs(0, true), 60_000);
});

test("states and addresses of a stream", () => {
  const input = (state: "idle" | "connecting" | "alive" | "active" | "failed") =>
    ({ url: "udp://239.0.0.1:1", priority: 1, state, bytes: 0, retries: 0, counters: {} }) as const;
  const stream = { kind: "static", running: true, bitrate: 0, inputs: [] };
  assert.equal(stateOf({ ...stream, bitrate: 1 }).key, "live");
  assert.equal(stateOf({ ...stream, inputs: [input("failed")] }).key, "lost");
  assert.equal(stateOf({ ...stream, inputs: [input("failed"), input("connecting")] }).key, "waiting");
  assert.equal(stateOf(stream).text, "waiting for media");
  assert.equal(stateOf({ ...stream, running: false, kind: "ondemand" }).text, "starts on demand");
  assert.equal(stateOf({ ...stream, running: false }).text, "not running");
  const tracks = [
    { id: 1, codec: "h264", kind: "video" },
    { id: 2, codec: "wonder", kind: "audio" },
    { id: 3, codec: "teletext", kind: "subtitle" },
  ];
  assert.equal(tracksText(tracks), "H.264 · wonder · 1 more");
  const addresses = new Map(addressesOf("https://h:1", "a b/ü"));
  assert.equal(addresses.get("HLS"), "https://h:1/a%20b/%C3%BC/index.m3u8");
  assert.equal(addresses.get("HTTP-TS"), "https://h:1/a%20b/%C3%BC/mpegts");
  assert.equal(addresses.get("MP4"), "https://h:1/a%20b/%C3%BC.mp4");
  assert.equal(addresses.get("MSE-LD"), "wss://h:1/a%20b/%C3%BC/mse_ld");
  assert.deepEqual(playersOf("a b/ü")[0], ["Player", "/a%20b/%C3%BC/embed.html"]);
});
