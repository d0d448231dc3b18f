import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromHex } from "@millrace/bytes";
import { CAPS_RECONNECT } from "./enhanced.ts";
import { RawClient } from "./raw-client.test-support.ts";

suite("the protocol's own messages", () => {
  test("acknowledgements come half a window early", () => {
    const client = new RawClient().ready();
    client.send(5, 0, fromHex("000003e8"));
    client.said();
    client.send(9, 1, new Uint8Array(490));
    assert.deepEqual(client.said().length, 1);
    client.send(9, 1, new Uint8Array(400));
    assert.deepEqual(client.said(), []);
    client.send(9, 1, new Uint8Array(100));
    const { receivedBytes } = client.session;
    assert.deepEqual(client.said(), [`0 type 3 ${receivedBytes.toString(16).padStart(8, "0")}`]);
  });

  test("pings are answered, and asked", () => {
    const client = new RawClient().ready();
    client.send(4, 0, fromHex("000601020304"));
    assert.deepEqual(client.said(), ["0 type 4 000701020304"]);
    client.command(1, "play", null, "cam");
    client.said();
    client.session.tick(client.session.nextMs);
    assert.deepEqual(client.said(), [`0 type 4 0006${(31_000).toString(16).padStart(8, "0")}`]);
    client.nowMs = 31_025;
    client.send(4, 0, fromHex(`0007${(31_000).toString(16).padStart(8, "0")}`));
    assert.equal(client.session.roundTripMs, 25);
  });

  test("a bandwidth is answered with a window", () => {
    const client = new RawClient().ready();
    client.send(6, 0, fromHex("0001000002"));
    client.send(6, 0, fromHex("0001000002"));
    assert.deepEqual(client.said(), ["0 type 5 00010000"]);
  });

  test("a reconnect request goes only to those who know it", () => {
    const old = new RawClient().ready();
    assert.equal(old.session.requestReconnect(), false);
    assert.deepEqual(old.said(), []);
    const client = new RawClient().connect({ capsEx: CAPS_RECONNECT });
    client.said();
    assert.ok(client.session.requestReconnect({ tcUrl: "/other", description: "moving" }));
    assert.deepEqual(client.said(), ["0 onStatus 0 null NetConnection.Connect.ReconnectRequest"]);
  });
});

suite("time", () => {
  test("a client that does not come to the point is given up", () => {
    const client = new RawClient().ready();
    assert.equal(client.session.nextMs, 16_000);
    client.session.tick(15_999);
    assert.equal(client.session.closed, false);
    client.session.tick(16_000);
    assert.equal(client.log.lines.at(-1), "close rtmp.timeout");
    assert.equal(client.session.nextMs, Number.POSITIVE_INFINITY);
  });

  test("so is one that is silent", () => {
    const client = new RawClient().ready();
    client.command(1, "play", null, "cam");
    while (!client.session.closed) client.session.tick(client.session.nextMs);
    assert.equal(client.log.lines.at(-1), "close rtmp.timeout");
    assert.equal(client.said().filter((line) => line.startsWith("0 type 4 0006")).length, 2);
  });
});
