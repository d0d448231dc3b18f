import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { equalBytes } from "@millrace/bytes";
import { amfObject, ecmaArray, serializeAmf0 } from "@millrace/flv";
import { MillraceError } from "@millrace/model";
import { chunkMessage } from "../wire/chunk-writer.ts";
import { Pair, type PairOptions } from "./pipe.test-support.ts";

const FRAME = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) >> 3);
const METADATA = serializeAmf0(["onMetaData", ecmaArray({ width: 64 })]);

/** A client that publishes some messages: what both sides saw. */
function published(options: Partial<PairOptions>): { client: string[]; server: string[]; same: boolean } {
  const pair = new Pair({ mode: "publish", ...options }).connect();
  assert.ok(pair.client.sendMetadata(METADATA));
  assert.ok(pair.client.sendVideo(FRAME, 0));
  assert.ok(pair.client.sendAudio(FRAME.subarray(0, 300), 0xfffff0));
  assert.ok(pair.client.sendVideo(FRAME, 0x1000000));
  pair.carry();
  pair.client.close();
  pair.carry();
  const [first, audio, second] = pair.serverLog.bodies as [Uint8Array, Uint8Array, Uint8Array];
  const same =
    equalBytes(first, FRAME) && equalBytes(second, FRAME) && equalBytes(audio, FRAME.subarray(0, 300));
  return { client: pair.clientLog.lines, server: pair.serverLog.lines, same };
}

const PUBLISHED = {
  client: ["NetStream.Publish.Start", "ready", "close closed"],
  server: [
    "connect live rtmp://host/live",
    "publish 1 live/cam ?token=1 live",
    'data 0 ["onMetaData",{"width":64}]',
    "video 1 0 70000",
    "audio 1 16777200 300",
    "video 1 16777216 70000",
    "stop 1",
  ],
  same: true,
};

suite("client and server", () => {
  for (const pieces of [[], [1], [2], [3], [5, 1, 7], [1460], [1536], [1537], [3073, 1], [127, 128, 129]]) {
    test(`publish, in pieces of ${pieces.join(", ") || "what is sent"}`, () => {
      assert.deepEqual(published({ pieces }), PUBLISHED);
    });
  }

  test("publish, in pieces of any length up to 200", () => {
    for (let length = 1; length <= 200; length++) {
      const pair = new Pair({ mode: "publish", pieces: [length] }).connect();
      assert.deepEqual(pair.serverLog.lines, PUBLISHED.server.slice(0, 2), `pieces of ${length}`);
    }
  });

  for (const chunkBytes of [1, 128, 4096, 0xffffff]) {
    test(`publish in chunks of ${chunkBytes}`, () => {
      assert.deepEqual(published({ client: { chunkBytes } }), PUBLISHED);
    });
  }

  test("publish without digests", () => {
    assert.deepEqual(published({ client: { digest: false } }), PUBLISHED);
  });

  for (const pieces of [[], [1], [1460]]) {
    test(`play, in pieces of ${pieces.join(", ") || "what is sent"}`, () => {
      const pair = new Pair({ mode: "play", url: "rtmp://host/a/b//cam", pieces }).connect();
      const { server, client } = pair;
      server.sendMedia({ type: 18, streamId: 1, timestampMs: 0 }, METADATA);
      server.sendMedia({ type: 9, streamId: 1, timestampMs: 5 }, FRAME);
      server.sendMedia({ type: 8, streamId: 1, timestampMs: 6 }, FRAME.subarray(0, 9));
      pair.carry();
      server.stopPlay(1);
      pair.carry();
      assert.deepEqual(pair.serverLog.lines, [
        "connect a/b rtmp://host/a/b",
        "play 1 a/b/cam ? -2000",
        "buffer 1 3000",
      ]);
      assert.deepEqual(pair.clientLog.lines, [
        "NetStream.Play.Reset",
        "NetStream.Play.Start",
        "ready",
        'data 0 ["|RtmpSampleAccess",true,true]',
        'data 0 ["onMetaData",{"width":64}]',
        "video 5 70000",
        "audio 6 9",
        "NetStream.Play.UnpublishNotify",
        "close rtmp.ended",
      ]);
      assert.ok(equalBytes(pair.clientLog.bodies[0] as Uint8Array, FRAME));
      assert.equal(client.sendVideo(FRAME, 0), false);
    });
  }

  test("one message in chunks serves all players", () => {
    const header = { csid: 6, type: 9, streamId: 1, timestampMs: 40 };
    const shared = chunkMessage(header, FRAME, new Pair({ mode: "play" }).connect().server.chunkBytes);
    for (let i = 0; i < 3; i++) {
      const pair = new Pair({ mode: "play" }).connect();
      pair.client.receive(shared, 0);
      assert.equal(pair.clientLog.lines.at(-1), "video 40 70000");
    }
  });

  test("a rejected publication ends the client", () => {
    const pair = new Pair({ mode: "publish" });
    pair.serverLog.accepting = false;
    pair.connect();
    pair.serverLog.answers[0]?.reject("NetStream.Publish.BadName", "taken");
    pair.carry();
    assert.deepEqual(pair.clientLog.lines, ["NetStream.Publish.BadName", "close rtmp.refused"]);
  });

  test("so does a rejected play, or connection", () => {
    const play = new Pair({ mode: "play" });
    play.serverLog.accepting = false;
    play.connect();
    play.serverLog.answers[0]?.reject("NetStream.Play.StreamNotFound", "gone");
    play.carry();
    assert.deepEqual(play.clientLog.lines, ["NetStream.Play.StreamNotFound", "close rtmp.refused"]);
    const full = new Pair({ mode: "play" });
    full.serverLog.refusal = "full";
    full.connect();
    assert.deepEqual(full.clientLog.lines, ["close rtmp.refused"]);
  });

  test("a server that wants credentials is dialled anew, twice", () => {
    const url = "rtmp://me:pw@host/live/cam";
    const first = new Pair({ mode: "publish", url });
    first.serverLog.refusal = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ]";
    first.connect();
    assert.equal(first.clientLog.redial, "?authmod=adobe&user=me");
    const second = new Pair({ mode: "publish", url, auth: first.clientLog.redial });
    second.serverLog.refusal = "[ authmod=adobe ] : ?reason=needauth&user=me&salt=s&challenge=c&opaque=o";
    second.connect();
    assert.match(
      second.clientLog.redial ?? "",
      /^\?authmod=adobe&user=me&challenge=.{8}&response=.{24}&opaque=o$/,
    );
    const third = new Pair({ mode: "publish", url, auth: second.clientLog.redial ?? "" }).connect();
    assert.ok(third.client.ready);
    assert.deepEqual(third.serverLog.requests[0]?.name, "live/cam");
    const fourth = new Pair({ mode: "publish", url, auth: second.clientLog.redial ?? "" });
    fourth.serverLog.refusal = "[ authmod=adobe ] : ?reason=authfailed";
    fourth.connect();
    assert.deepEqual(fourth.clientLog.lines, ["close rtmp.unauthorized"]);
  });

  test("a reconnect request arrives with its target", () => {
    const pair = new Pair({ mode: "publish" }).connect();
    assert.ok(pair.server.requestReconnect({ tcUrl: "//other/app", description: "moving" }));
    pair.carry();
    assert.equal(pair.clientLog.lines.at(-1), "reconnect rtmp://other/app cam?token=1 moving");
    assert.ok(pair.client.ready);
    assert.equal(pair.client.serverCaps.video.get("hvc1"), 4);
  });

  test("a server that takes too long, or is silent, is given up", () => {
    const slow = new Pair({ mode: "publish" });
    slow.serverLog.accepting = false;
    slow.connect();
    assert.equal(slow.client.nextMs, 20_000);
    slow.client.tick(19_999);
    slow.client.tick(20_000);
    assert.deepEqual(slow.clientLog.lines, ["close rtmp.timeout"]);
    const silent = new Pair({ mode: "play" }).connect();
    silent.client.tick(silent.client.nextMs);
    assert.equal(silent.clientLog.lines.at(-1), "close rtmp.timeout");
    const publishing = new Pair({ mode: "publish" }).connect();
    assert.equal(publishing.client.nextMs, Number.POSITIVE_INFINITY);
  });

  test("what an event throws is not taken for the peer's fault", () => {
    const pair = new Pair({ mode: "publish" });
    pair.serverLog.onPublish = () => {
      throw new TypeError("a bug");
    };
    assert.throws(() => pair.connect(), TypeError);
    assert.ok(!(new TypeError() instanceof MillraceError));
  });

  test("metadata are marked for the server to keep", () => {
    const pair = new Pair({ mode: "publish" }).connect();
    pair.client.sendMetadata(serializeAmf0(["onMetaData", amfObject({ a: 1 })]), 9);
    pair.carry();
    assert.equal(pair.serverLog.lines.at(-1), 'data 9 ["onMetaData",{"a":1}]');
  });
});
