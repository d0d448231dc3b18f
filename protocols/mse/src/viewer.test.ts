import assert from "node:assert/strict";
import { test } from "node:test";
import type { ViewerSession } from "@millrace/engine";
import { TestPackagedLane } from "../../../tests/contract/index.ts";
import { type LaneTrack, writeHeader } from "./lane-header.ts";
import { KEY_BIT } from "./packaging.ts";
import { MseViewer } from "./viewer.ts";

/** A link whose system takes what was sent when the test says so. */
class FakeLink {
  readonly texts: { type: string; event?: string; tracks?: { track_id: string }[] }[] = [];
  readonly sent: string[] = [];
  closed = false;
  onText: ((text: string) => void) | undefined;
  onDrain: (() => void) | undefined;
  onClose: ((code: number, reason: string) => void) | undefined;
  #queue: { parts: readonly Uint8Array[]; written: (() => void) | undefined }[] = [];
  /** What waits is not taken. */
  full = false;

  get bufferedBytes(): number {
    return this.#queue.reduce((sum, { parts }) => sum + Buffer.concat(parts).length, 0);
  }

  sendText(text: string): void {
    this.texts.push(JSON.parse(text));
  }

  sendParts(parts: readonly Uint8Array[], written?: () => void): void {
    this.#queue.push({ parts, written });
    if (!this.full) this.take();
  }

  take(): void {
    for (const { parts, written } of this.#queue.splice(0)) {
      // Copied only now: memory that was given back too early shows as wrong bytes.
      this.sent.push(Buffer.concat(parts).toString("latin1", 0, 2));
      written?.();
    }
    this.onDrain?.();
  }

  close(code = 1000): void {
    this.closed = true;
    this.onClose?.(code, "");
  }

  get types(): string[] {
    return this.texts.map(({ type, event, tracks }) => {
      const names = tracks?.map(({ track_id }) => track_id).join("") ?? "";
      return [type, event ?? names].join(" ").trim();
    });
  }
}

function trackOf(id: number, track_id: string, more: Partial<LaneTrack> = {}): LaneTrack {
  const content = track_id.startsWith("v") ? "video" : "audio";
  return { id, track_id, content, codec: "c", mime: "m", timescale: 1, bitrate: 0, payload: "", ...more };
}

const TRACKS = [trackOf(1, "v1"), trackOf(2, "v2"), trackOf(3, "a1")];
const V1 = 1;
const V2 = 2;
const A1 = 3;

function watching(tracks = "", options: { windowMs?: number } = {}) {
  const lane = new TestPackagedLane({ maxBytes: 8 << 20, ...options });
  const link = new FakeLink();
  let sessionClosed = 0;
  const session: ViewerSession = {
    id: "s1",
    stream: "cam",
    bytes: 0,
    skips: 0,
    lagBytes: 0,
    close: () => sessionClosed++,
  };
  lane.setHeader(writeHeader(TRACKS));
  const begin = (): void => new MseViewer({ link, reader: lane.read(), session, tracks }).start();
  const put = (track: number, text: string, key = track === A1, bytes = 2): void => {
    const data = Buffer.alloc(bytes, text);
    lane.put(data, { track: track | (key ? KEY_BIT : 0), key: key && track === V1 });
  };
  return { lane, link, session, begin, put, closed: () => sessionClosed };
}

test("a viewer gets its tracks, pictures from a key frame on, after it was told of them", () => {
  const { link, begin, put, session } = watching();
  put(V1, "K1", true);
  put(V2, "k1", true);
  put(A1, "s1");
  put(V1, "p1");
  begin();
  put(V1, "p2");
  assert.deepEqual(link.types, ["mse_init_segment v1a1"]);
  assert.deepEqual(link.sent, ["K1", "s1", "p1", "p2"]);
  assert.equal(session.bytes, 8);
});

test("a track that begins in the middle of a group of pictures is sent from its next key frame on", () => {
  const { link, begin, put } = watching("v2");
  put(V1, "K1", true);
  put(V2, "p1");
  begin();
  put(V2, "p2");
  put(V2, "k2", true);
  put(V2, "p3");
  assert.deepEqual(link.sent, ["k2", "p3"]);
});

test("other tracks come at once, from the last key frame on", () => {
  const { link, begin, put } = watching("a1");
  put(V1, "K1", true);
  put(A1, "s1");
  put(V1, "p1");
  begin();
  link.onText?.("set_tracks=v1a1");
  put(A1, "s2");
  assert.deepEqual(link.types, ["mse_init_segment a1", "event tracks_switched", "mse_init_segment v1a1"]);
  assert.deepEqual(link.sent, ["s1", "K1", "s1", "p1", "s2"]);
});

test("who pauses gets nothing, and goes on at the newest key frame", () => {
  const { link, begin, put } = watching();
  put(V1, "K1", true);
  begin();
  link.onText?.("pause");
  put(V1, "p1");
  put(V1, "K2", true);
  put(V1, "p2");
  link.onText?.("resume");
  put(V1, "p3");
  assert.deepEqual(link.types, ["mse_init_segment v1a1", "event paused", "event resumed"]);
  assert.deepEqual(link.sent, ["K1", "K2", "p2", "p3"]);
});

test("a new coding is told before its first frame, of which it waits for a key; a new bitrate is only told", () => {
  const { lane, link, begin, put } = watching("v1");
  put(V1, "K1", true);
  begin();
  lane.setHeader(writeHeader(TRACKS.map((track) => ({ ...track, bitrate: 5 }))));
  put(V1, "p1");
  lane.setHeader(writeHeader([trackOf(1, "v1", { mime: "other" })]));
  put(V1, "p2");
  put(V1, "K2", true);
  assert.deepEqual(link.types, ["mse_init_segment v1", "media_info", "mse_init_segment v1"]);
  assert.deepEqual(link.sent, ["K1", "p1", "K2"]);
});

test("a slow viewer is waited for, and goes on at a key frame that came meanwhile", () => {
  const { link, begin, put } = watching("v1");
  const large = 300_000;
  put(V1, "K1", true);
  begin();
  link.full = true;
  for (let i = 1; i <= 3; i++) put(V1, `p${i}`, false, large);
  for (let i = 0; i < 40; i++) put(V1, "xx");
  put(V1, "K2", true);
  put(V1, "p9");
  link.full = false;
  link.take();
  assert.deepEqual(link.sent, ["K1", "p1", "p2", "K2", "p9"]);
});

test("all memory is given back, whatever was under way when the viewer left", () => {
  const { lane, link, begin, put, closed } = watching();
  put(V1, "K1", true);
  begin();
  link.full = true;
  for (let i = 0; i < 3; i++) put(V1, `p${i}`, false, 400_000);
  link.close();
  assert.equal(closed(), 1);
  link.take();
  lane.end();
  lane.free();
  assert.equal(lane.heldSlabs, 0);
});

test("the end of the stream is told, and the connection closed", () => {
  const { lane, link, begin, put, closed } = watching();
  put(V1, "K1", true);
  begin();
  lane.end();
  assert.deepEqual(link.types.at(-1), "event stream_unavailable");
  assert.ok(link.closed);
  assert.equal(closed(), 1);
});
