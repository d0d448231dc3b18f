import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, fromHex } from "@millrace/bytes";
import { amfObject, serializeAmf0 } from "@millrace/flv";
import { RawClient } from "./raw-client.test-support.ts";

const DEEP = concat([
  serializeAmf0(["createStream", 2, null]),
  ...Array.from({ length: 10_000 }, () => fromHex("03 0001 61")),
]);

const CASES: readonly { what: string; code: string; act: (client: RawClient) => void }[] = [
  { what: "HTTP", code: "rtmp.bad-version", act: (it) => it.write(fromHex("474554202f20485454502f312e31")) },
  { what: "RTMPE", code: "rtmp.encrypted", act: (it) => it.write(Uint8Array.of(6)) },
  {
    what: "a command before connect",
    code: "rtmp.bad-command",
    act: (it) => it.shake().command(0, "createStream"),
  },
  {
    what: "media before connect",
    code: "rtmp.bad-command",
    act: (it) => it.shake().send(9, 1, new Uint8Array(9)),
  },
  {
    what: "connect without its object",
    code: "rtmp.bad-command",
    act: (it) => it.shake().command(0, "connect", null),
  },
  {
    what: "connect again",
    code: "rtmp.bad-command",
    act: (it) => it.ready().command(0, "connect", amfObject({})),
  },
  {
    what: "an application of 5000 characters",
    code: "rtmp.bad-command",
    act: (it) => it.connect({ app: "a".repeat(5000) }),
  },
  { what: "AMF nested 10,000 deep", code: "rtmp.bad-command", act: (it) => it.ready().send(20, 0, DEEP) },
  {
    what: "a command without a name",
    code: "rtmp.bad-command",
    act: (it) => it.ready().send(20, 0, fromHex("05")),
  },
  {
    what: "an empty command",
    code: "rtmp.bad-command",
    act: (it) => it.ready().send(20, 0, new Uint8Array(0)),
  },
  {
    what: "a command that is too long",
    code: "rtmp.bad-command",
    act: (it) => it.ready().send(20, 0, serializeAmf0(["x", 0, "a".repeat(60_000), "a".repeat(10_000)])),
  },
  {
    what: "a message of 16 MB",
    code: "rtmp.message-too-large",
    act: (it) => it.ready().write(fromHex("04 000001 ffffff 09 01000000")),
  },
  {
    what: "a chunk without a beginning",
    code: "rtmp.bad-chunk",
    act: (it) => it.ready().write(fromHex("fe")),
  },
  {
    what: "a chunk size of 0",
    code: "rtmp.bad-chunk-size",
    act: (it) => it.ready().send(1, 0, new Uint8Array(4)),
  },
  {
    what: "play again and again",
    code: "rtmp.bad-command",
    act: (it) => {
      it.ready();
      for (let i = 0; i <= 1000; i++) it.command(1, "play", null, "cam");
    },
  },
  {
    what: "control cut short",
    code: "rtmp.bad-control",
    act: (it) => it.ready().send(5, 0, new Uint8Array(3)),
  },
];

suite("bad input", () => {
  for (const { what, code, act } of CASES) {
    test(`${what} ends the session`, () => {
      const client = new RawClient();
      act(client);
      assert.equal(client.log.lines.at(-1), `close ${code}`);
      client.said();
      const { length } = client.log.lines;
      client.command(0, "createStream", null);
      client.session.tick(1e9);
      client.session.close();
      client.session.stopPlay(1);
      client.session.requestReconnect();
      assert.deepEqual([client.said(), client.log.lines.length], [[], length]);
    });
  }

  test("data that cannot be read are dropped, the stream goes on", () => {
    const client = new RawClient().ready();
    client.command(1, "publish", null, "cam", "live");
    client.send(18, 1, concat([serializeAmf0(["@setDataFrame", "onMetaData"]), DEEP.subarray(30)]));
    client.send(18, 1, fromHex("0200"));
    client.send(18, 1, serializeAmf0([1, 2]));
    client.send(22, 1, fromHex("08 0000ff"));
    client.send(9, 1, new Uint8Array(3), 7);
    assert.equal(client.session.damagedMessages, 4);
    assert.equal(client.log.lines.at(-1), "video 1 7 3");
  });

  test("times that jump are handed on as they are", () => {
    const client = new RawClient().ready();
    client.command(1, "publish", null, "cam", "live");
    for (const ms of [10_000, 5000, 0xfffffff0, 16]) client.send(9, 1, new Uint8Array(1), ms);
    assert.deepEqual(
      client.log.lines.slice(2),
      [10_000, 5000, -16, 16].map((ms) => `video 1 ${ms} 1`),
    );
  });

  test("a session that is closed by an event stays closed", () => {
    const client = new RawClient().ready();
    client.log.onVideo = () => client.session.close();
    client.command(1, "publish", null, "cam", "live");
    const body = fromHex("04 000001 000001 09 01000000 aa  04 000001 000001 08 01000000 aa");
    client.write(concat([body, body, fromHex("c9")]));
    assert.deepEqual(client.log.lines.slice(2), ["close closed"]);
  });

  test("an answer that comes after the end does nothing", () => {
    const client = new RawClient().ready();
    client.log.accepting = false;
    client.command(1, "publish", null, "cam", "live");
    client.session.close();
    client.log.answers[0]?.accept();
    client.log.answers[0]?.reject("x", "y");
    assert.deepEqual(client.said(), []);
    assert.equal(client.log.lines.at(-1), "close closed");
  });
});
