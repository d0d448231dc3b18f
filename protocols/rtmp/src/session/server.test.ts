import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, fromHex } from "@millrace/bytes";
import { amfObject, serializeAmf0 } from "@millrace/flv";
import { CAPS_MULTITRACK, CAPS_RECONNECT } from "./enhanced.ts";
import { RawClient } from "./raw-client.test-support.ts";

suite("connect", () => {
  test("is answered with sizes first, then success", () => {
    const client = new RawClient().connect({ objectEncoding: 3 });
    assert.deepEqual(client.log.lines, ["connect live rtmp://h/live"]);
    assert.deepEqual(client.said(), [
      "0 type 5 002625a0",
      "0 type 6 002625a002",
      "0 type 1 00010000",
      "0 type 4 000000000000",
      '0 _result 1 {"fmsVer":"FMS/3,5,7,7009","capabilities":31,"mode":1} NetConnection.Connect.Success',
    ]);
    assert.equal(client.session.info?.objectEncoding, 3);
    assert.equal(client.session.chunkBytes, 65_536);
  });

  test("of an enhanced client is answered with what we can do", () => {
    const client = new RawClient().connect({
      fourCcList: ["hvc1", "*", 7, "too long"],
      videoFourCcInfoMap: amfObject({ av01: 3, "*": 4 }),
      audioFourCcInfoMap: amfObject({ Opus: 1 }),
      capsEx: CAPS_RECONNECT | CAPS_MULTITRACK,
    });
    assert.deepEqual(client.session.info?.enhanced, {
      capsEx: 3,
      video: new Map([
        ["hvc1", 1],
        ["*", 4],
        ["av01", 3],
      ]),
      audio: new Map([["Opus", 1]]),
    });
    const answer = client.said().at(-1) ?? "";
    assert.match(answer, /"capsEx":15/);
    assert.match(answer, /"videoFourCcInfoMap":\{"avc1":4,"hvc1":4,"av01":4,"vp09":4,"vp08":4\}/);
    assert.match(answer, /"fourCcList":\["avc1","hvc1","av01","vp09","vp08"\]/);
  });

  test("can be refused", () => {
    const client = new RawClient();
    client.log.refusal = "full";
    client.connect();
    assert.deepEqual(client.said(), ["0 _error 1 null NetConnection.Connect.Rejected"]);
    assert.deepEqual(client.log.lines, ["connect live rtmp://h/live", "close rtmp.refused"]);
  });
});

const ON_CONNECTION: readonly [name: string, args: readonly (string | number)[], said: string[]][] = [
  ["releaseStream", ["cam"], ["0 _result 3 null"]],
  ["FCPublish", ["cam"], ["0 _result 3 null"]],
  ["FCUnpublish", ["cam"], ["0 onFCUnpublish 0 null NetStream.Unpublish.Success", "0 _result 3 null"]],
  ["FCSubscribe", ["cam"], ["0 _result 3 null", "0 onFCSubscribe 0 null NetStream.Play.Start"]],
  ["FCUnsubscribe", ["cam"], ["0 _result 3 null", "0 onFCUnsubscribe 0 null NetStream.Play.Stop"]],
  ["getStreamLength", ["cam"], ["0 _result 3 null 0"]],
  ["_checkbw", [], ["0 _result 3 null"]],
  ["createStream", [], ["0 _result 3 null 2"]],
  ["deleteStream", [1], []],
  ["deleteStream", [99], []],
  ["makeCoffee", [], ["0 _error 3 null NetConnection.Call.Failed"]],
  ["_result", [], []],
];

suite("commands of the connection", () => {
  for (const [name, args, said] of ON_CONNECTION) {
    test(`${name} ${args.join(" ")}`, () => {
      const client = new RawClient().ready();
      client.command(0, name, null, ...args);
      assert.deepEqual(client.said(), said);
    });
  }

  test("those without a transaction get no answer", () => {
    const client = new RawClient().ready();
    client.send(20, 0, serializeAmf0(["getStreamLength", 0, null, "cam"]));
    client.send(20, 0, serializeAmf0(["makeCoffee", 0, null]));
    assert.deepEqual(client.said(), []);
  });

  test("there are at most eight streams, and one that is deleted makes room", () => {
    const client = new RawClient().ready();
    for (let i = 2; i <= 9; i++) client.command(0, "createStream", null);
    assert.equal(client.said().at(-1), "0 _error 10 null NetConnection.Call.Failed");
    client.command(0, "deleteStream", null, 3);
    client.command(0, "createStream", null);
    assert.deepEqual(client.said(), ["0 _result 12 null 3"]);
  });

  test("messages for AMF3 are read, and answered in kind", () => {
    const client = new RawClient().ready();
    client.send(17, 0, concat([Uint8Array.of(0), serializeAmf0(["createStream", 7, null])]));
    client.send(17, 2, concat([Uint8Array.of(0), serializeAmf0(["publish", 8, null, "cam", "live"])]));
    assert.deepEqual(client.log.lines.slice(1), ["publish 2 live/cam ? live"]);
    assert.deepEqual(client.said(), [
      "0 amf3 _result 7 null 2",
      "0 type 4 000000000002",
      "2 amf3 onStatus 0 null NetStream.Publish.Start",
    ]);
    client.send(15, 2, concat([Uint8Array.of(0), serializeAmf0(["onCuePoint", 1])]), 5);
    assert.equal(client.log.lines.at(-1), 'data 5 ["onCuePoint",1]');
    // A name in AMF3 itself, behind the marker that switches.
    client.send(17, 1, fromHex("00 02 0004 706c6179 00 0000000000000000 05 11 06 07 636174"));
    assert.equal(client.log.lines.at(-1), "play 1 live/cat ? -2");
  });
});

suite("publish", () => {
  test("is announced as encoders expect it, and hands on what comes", () => {
    const client = new RawClient().ready();
    client.command(0, "FCPublish", null, "cam?password=1");
    client.command(1, "publish", null, "cam?password=1", "live");
    assert.deepEqual(client.said(), [
      "0 _result 3 null",
      "0 type 4 000000000001",
      "0 onFCPublish 0 null NetStream.Publish.Start",
      "1 onStatus 0 null NetStream.Publish.Start",
    ]);
    client.send(18, 1, serializeAmf0(["@setDataFrame", "onMetaData", amfObject({ width: 64 })]), 1);
    client.send(9, 1, new Uint8Array(300), 20);
    client.send(8, 1, new Uint8Array(3), 10);
    const aggregate = "08 000002 000064 00 000000 a1a2 0000000d 09 000001 00006e 00 000000 b1 0000000c";
    client.send(22, 1, fromHex(aggregate), 500);
    assert.deepEqual(client.log.lines.slice(1), [
      "publish 1 live/cam ?password=1 live",
      'data 1 ["onMetaData",{"width":64}]',
      "video 1 20 300",
      "audio 1 10 3",
      "audio 1 500 2",
      "video 1 510 1",
    ]);
  });

  for (const [what, stop, said] of [
    [
      "FCUnpublish and deleteStream",
      [
        ["FCUnpublish", "cam"],
        ["deleteStream", 1],
      ],
      ["onFCUnpublish", "_result", "onStatus"],
    ],
    ["deleteStream", [["deleteStream", 1]], ["onStatus"]],
    ["closeStream", [["closeStream", null]], ["onStatus"]],
  ] as const) {
    test(`ends by ${what}, once`, () => {
      const client = new RawClient().ready();
      client.command(1, "publish", null, "cam", "live");
      client.said();
      for (const [name, arg] of stop) client.command(name === "closeStream" ? 1 : 0, name, null, arg);
      client.send(9, 1, new Uint8Array(3), 20);
      assert.deepEqual(client.log.lines.slice(2), ["stop 1"]);
      assert.deepEqual(
        client.said().map((line) => line.split(" ")[1]),
        said,
      );
      assert.equal(client.session.damagedMessages, 1);
    });
  }

  test("hands on what came before it was accepted", () => {
    const client = new RawClient().ready();
    client.log.accepting = false;
    client.command(1, "publish", null, "cam", "live");
    client.send(9, 1, new Uint8Array(30), 20);
    assert.deepEqual(client.said(), []);
    client.log.answers[0]?.accept();
    client.log.answers[0]?.accept();
    client.log.answers[0]?.reject("NetStream.Publish.BadName", "too late");
    assert.deepEqual(client.log.lines.slice(2), ["video 1 20 30"]);
    assert.equal(client.said().length, 2);
  });

  test("holds only so much before it is accepted", () => {
    const client = new RawClient().ready();
    client.log.accepting = false;
    client.command(1, "publish", null, "cam", "live");
    for (let i = 0; i < 9; i++) client.send(9, 1, new Uint8Array(500_000), i);
    assert.equal(client.session.damagedMessages, 1);
    client.log.answers[0]?.accept();
    assert.equal(client.log.lines.length, 2 + 8);
  });

  test("that is rejected can be tried again, and its answers are stale", () => {
    const client = new RawClient().ready();
    client.log.accepting = false;
    client.command(1, "publish", null, "cam", "live");
    client.log.answers[0]?.reject("NetStream.Publish.BadName", "taken");
    assert.deepEqual(client.said(), ["1 onStatus 0 null NetStream.Publish.BadName"]);
    client.command(1, "publish", null, "cam", "record");
    client.log.answers[0]?.accept();
    assert.deepEqual(client.said(), []);
    client.log.answers[1]?.accept();
    assert.equal(client.said().at(-1), "1 onStatus 0 null NetStream.Publish.Start");
    assert.deepEqual(client.log.lines.slice(1), ["publish 1 live/cam ? live", "publish 1 live/cam ? record"]);
  });

  test("of a name that climbs never gets to the events", () => {
    const client = new RawClient().ready();
    client.command(1, "publish", null, "../../etc", "live");
    client.command(1, "publish", null, "a\nb", "live");
    client.command(1, "play", null, "../x");
    client.command(1, "play", null, 5);
    assert.deepEqual(client.said(), [
      "1 onStatus 0 null NetStream.Publish.BadName",
      "1 onStatus 0 null NetStream.Publish.BadName",
      "1 onStatus 0 null NetStream.Play.StreamNotFound",
      // Without a name the application is one, as in rtmp://host/published.
      "0 type 4 000000000001",
      "1 onStatus 0 null NetStream.Play.Reset",
      "1 onStatus 0 null NetStream.Play.Start",
      "1 data |RtmpSampleAccess true true",
    ]);
    assert.deepEqual(client.log.lines.slice(1), ["refused 1", "refused 1", "refused 1", "play 1 live ? -2"]);
  });

  test("on a stream that was not made is an error", () => {
    const client = new RawClient().connect();
    client.said();
    client.command(7, "publish", null, "cam", "live");
    assert.deepEqual(client.said(), ["0 _error 2 null NetStream.Failed"]);
  });

  test("by an encoder that puts any stream into its messages goes to the only one there is", () => {
    const client = new RawClient().ready();
    client.command(0, "publish", null, "cam", "live");
    client.send(9, 7, new Uint8Array(3), 20);
    assert.deepEqual(client.log.lines.slice(1), ["publish 1 live/cam ? live", "video 1 20 3"]);
    assert.equal(client.said().at(-1), "1 onStatus 0 null NetStream.Publish.Start");
    client.command(0, "createStream", null);
    client.send(9, 7, new Uint8Array(3), 40);
    assert.equal(client.session.damagedMessages, 1);
  });

  test("can be ended by us", () => {
    const client = new RawClient().ready();
    client.command(1, "publish", null, "cam", "live");
    client.said();
    client.session.stopPublish(1, "NetStream.Publish.BadName", "another took over");
    assert.deepEqual(client.said(), ["1 onStatus 0 null NetStream.Publish.BadName"]);
    client.session.close();
    assert.deepEqual(client.log.lines.slice(2), ["close closed"]);
  });
});

suite("play", () => {
  const playing = (): RawClient => {
    const client = new RawClient().ready();
    client.command(1, "play", null, "cam?token=1", -2000);
    client.said();
    return client;
  };

  test("is announced as players expect it", () => {
    const client = new RawClient().ready();
    client.command(1, "play", null, "cam?token=1", -1, 10, false);
    assert.deepEqual(client.log.lines.slice(1), ["play 1 live/cam ?token=1 -1"]);
    assert.deepEqual(client.said(), [
      "0 type 4 000000000001",
      "1 onStatus 0 null NetStream.Play.Start",
      "1 data |RtmpSampleAccess true true",
    ]);
  });

  test("pauses, seeks, and takes media away", () => {
    const client = playing();
    client.command(1, "pause", null, true, 700);
    client.command(1, "pause", null, false, 700);
    client.command(1, "seek", null, 10);
    client.command(1, "seek", null, 5000);
    client.command(1, "receiveVideo", null, false);
    client.command(1, "receiveAudio", null, true);
    assert.deepEqual(client.log.lines.slice(2), [
      "pause 1 true 700",
      "pause 1 false 700",
      "seek 1 10",
      "seek 1 5000",
      "receive 1 video false",
      "receive 1 audio true",
    ]);
    assert.deepEqual(client.said(), [
      "1 onStatus 0 null NetStream.Pause.Notify",
      "1 onStatus 0 null NetStream.Unpause.Notify",
      "1 onStatus 0 null NetStream.Seek.Notify",
      "1 onStatus 0 null NetStream.Play.Start",
      "1 onStatus 0 null NetStream.Seek.Failed",
    ]);
  });

  test("changes to another stream by play2", () => {
    const client = playing();
    client.command(
      1,
      "play2",
      null,
      amfObject({ streamName: "cam2", oldStreamName: "cam", transition: "switch" }),
    );
    assert.deepEqual(client.log.lines.slice(2), ["stop 1", "play 1 live/cam2 ? -2"]);
    assert.deepEqual(client.said().slice(1, 3), [
      "1 onStatus 0 null NetStream.Play.Transition",
      "1 onStatus 0 null NetStream.Play.Start",
    ]);
    assert.equal((client.log.requests[1] as { transition: string }).transition, "switch");
  });

  test("hears of its publisher, and of the end", () => {
    const client = playing();
    client.session.notifyPublisher(1, false);
    client.session.notifyPublisher(1, true);
    client.session.sendMedia({ type: 9, streamId: 1, timestampMs: 5 }, Uint8Array.of(1, 2));
    client.session.stopPlay(1);
    client.session.stopPlay(1);
    client.session.notifyPublisher(1, true);
    assert.deepEqual(client.said(), [
      "0 type 4 000200000001",
      "1 onStatus 0 null NetStream.Play.UnpublishNotify",
      "1 onStatus 0 null NetStream.Play.PublishNotify",
      "1 type 9 0102",
      "0 type 4 000100000001",
      "1 onStatus 0 null NetStream.Play.UnpublishNotify",
      "1 onStatus 0 null NetStream.Play.Stop",
    ]);
  });

  test("media from a player are dropped and counted", () => {
    const client = playing();
    client.send(9, 1, new Uint8Array(3));
    client.send(9, 5, new Uint8Array(3));
    assert.equal(client.session.damagedMessages, 2);
    assert.equal(client.session.closed, false);
  });
});
