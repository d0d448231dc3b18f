import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { FragmentReader } from "../../packages/isobmff/src/index.ts";
import { TestServer, until } from "./kit/server.ts";

const WAIT_MS = 15_000;

interface Message {
  readonly type: string;
  readonly event?: string;
  readonly session_id?: string;
  readonly tracks?: readonly { id: number; track_id: string; mime: string; payload: string }[];
  readonly metadata?: {
    width: number;
    height: number;
    streams: readonly { track_id: string; codec: string }[];
  };
}

/** A viewer that keeps all it gets. */
class Viewer {
  readonly messages: Message[] = [];
  /** Fragments by number of track. */
  readonly fragments = new Map<number, Buffer[]>();
  readonly #socket: WebSocket;
  closed: { code: number } | undefined;

  constructor(t: { after(stop: () => void): void }, url: string) {
    this.#socket = new WebSocket(url.replace("http", "ws"));
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.messages.push(JSON.parse(data) as Message);
      else this.#keep(Buffer.from(data as ArrayBuffer));
    };
    this.#socket.onclose = ({ code }) => {
      this.closed = { code };
    };
    t.after(() => this.#socket.close());
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  count(track: number): number {
    return this.fragments.get(track)?.length ?? 0;
  }

  get events(): (string | undefined)[] {
    return this.messages.filter(({ type }) => type === "event").map(({ event }) => event);
  }

  /** The nth message with initialization segments. */
  init(n = 0): Promise<Message> {
    return until("the tracks", WAIT_MS, () => this.messages.filter(isInit)[n]);
  }

  more(track: number, count: number): Promise<unknown> {
    const wanted = this.count(track) + count;
    return until(
      `${count} frames of track ${track}`,
      WAIT_MS,
      () => this.count(track) >= wanted || undefined,
    );
  }

  /** What a reader of fragmented MP4 makes of one track. */
  read(track: number, payload: string): { tracks: readonly Track[]; units: AccessUnit[] } {
    const out: { tracks: readonly Track[]; units: AccessUnit[] } = { tracks: [], units: [] };
    const reader = new FragmentReader({
      onTracks: (tracks) => {
        out.tracks = tracks;
      },
      onUnit: (unit) => out.units.push({ ...unit, data: [] }),
    });
    reader.push(Buffer.from(payload, "base64"));
    for (const fragment of this.fragments.get(track) ?? []) reader.push(fragment);
    return out;
  }

  #keep(fragment: Buffer): void {
    const track = fragment[47] ?? 0;
    const list = this.fragments.get(track) ?? [];
    this.fragments.set(track, list);
    list.push(fragment);
  }
}

function isInit({ type }: Message): boolean {
  return type === "mse_init_segment";
}

const CONFIG = "stream live { input fake://clock; }";

describe("mse_ld", () => {
  test("sends each track by itself, from a key frame on, in fragments that follow one another", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const viewer = new Viewer(t, server.url("/live/mse_ld"));
    const { tracks = [], metadata, session_id } = await viewer.init();
    assert.deepEqual(
      tracks.map(({ track_id }) => track_id),
      ["v1", "a1"],
    );
    assert.match(tracks[0]?.mime ?? "", /^video\/mp4; codecs="avc1\.[0-9a-f]{6}"$/);
    assert.ok((metadata?.width ?? 0) > 0 && (metadata?.height ?? 0) > 0);
    await viewer.more(1, 80);
    await viewer.more(2, 80);
    for (const { id, payload, track_id } of tracks) {
      const { tracks: read, units } = viewer.read(id, payload);
      assert.equal(read.length, 1, track_id);
      assert.equal(units.length, viewer.count(id));
      assert.ok(units[0]?.key, track_id);
      const steps = units.slice(1).map(({ dts }, i) => dts - (units[i]?.dts ?? 0));
      // A sound frame of 1024 samples, a picture at 25 a second.
      const step = id === 1 ? 3600 : 1920;
      assert.ok(
        steps.every((each) => Math.abs(each - step) <= 2),
        `${track_id}: ${steps.join()}`,
      );
    }
    const sessions = await server.sessions();
    assert.deepEqual(
      sessions.map(({ id, protocol }) => [id, protocol]),
      [[session_id, "mse_ld"]],
    );
  });

  test("a viewer gets the tracks that it names, and changes them", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const viewer = new Viewer(t, server.url("/live/mse_ld?tracks=a1"));
    const first = await viewer.init();
    assert.deepEqual(
      first.tracks?.map(({ track_id }) => track_id),
      ["a1"],
    );
    assert.deepEqual(
      first.metadata?.streams.map(({ track_id, codec }) => [track_id, codec]),
      [
        ["v1", "h264"],
        ["a1", "aac"],
      ],
    );
    await viewer.more(2, 20);
    assert.equal(viewer.count(1), 0);
    viewer.send("set_tracks=v1");
    const second = await viewer.init(1);
    assert.deepEqual(viewer.events, ["tracks_switched"]);
    assert.deepEqual(
      second.tracks?.map(({ track_id }) => track_id),
      ["v1"],
    );
    await viewer.more(1, 5);
    assert.ok(viewer.read(1, second.tracks?.[0]?.payload ?? "").units[0]?.key);
  });

  test("a viewer pauses, goes on with a key frame, and is told of what it does", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const viewer = new Viewer(t, server.url("/live/mse_ld?tracks=v1"));
    const { tracks = [] } = await viewer.init();
    await viewer.more(1, 5);
    viewer.send("pause");
    await until("the pause", WAIT_MS, () => viewer.events.includes("paused") || undefined);
    const before = viewer.count(1);
    const other = new Viewer(t, server.url("/live/mse_ld?tracks=v1"));
    await other.init();
    // Longer than between two key frames.
    await other.more(1, 60);
    assert.equal(viewer.count(1), before);
    viewer.send("resume");
    await viewer.more(1, 5);
    viewer.send("nonsense");
    viewer.send("play_from=1");
    await until("the answers", WAIT_MS, () => viewer.events.length >= 4 || undefined);
    assert.deepEqual(viewer.events, ["paused", "resumed", "unknown_command", "switched_to_live"]);
    const { units } = viewer.read(1, tracks[0]?.payload ?? "");
    assert.ok(units[before]?.key);
  });

  test("who asks without a WebSocket, or for nothing there is, is told so", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const plain = await fetch(server.url("/live/mse_ld"));
    assert.equal(plain.status, 426);
    assert.equal(plain.headers.get("upgrade"), "websocket");
    const nowhere = new Viewer(t, server.url("/nowhere/mse_ld"));
    await until("the refusal", WAIT_MS, () => nowhere.closed);
    assert.deepEqual(nowhere.messages, []);
  });

  test("the player is served as a module, and as the script of old", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const module = await fetch(server.url("/-/mse-player.js"));
    assert.equal(module.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.match(await module.text(), /^export class MsePlayer /m);
    const script = await (await fetch(server.url("/flu/assets/FlussonicMsePlayer.js"))).text();
    assert.doesNotMatch(script, /^export /m);
    assert.match(script, /globalThis\.FlussonicMsePlayer = MsePlayer/);
  });

  test("viewers hear of the end of a stream", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const viewer = new Viewer(t, server.url("/live/mse_ld"));
    await viewer.init();
    await viewer.more(1, 5);
    server.rewrite("stream other { input fake://clock; }");
    server.signal("SIGHUP");
    const closed = await until("the end", WAIT_MS, () => viewer.closed);
    assert.equal(closed.code, 1000);
    assert.ok(viewer.events.includes("stream_unavailable"));
  });
});
