import assert from "node:assert/strict";
import { Sockets } from "./implementations.ts";
import { Inbox, numbered } from "./inbox.ts";

/** For tests only, run in a namespace whose loopback has an MTU of 1,280: sends longer datagrams, then shorter ones. */
await using sockets = new Sockets("native");
const a = await sockets.open();
const b = await sockets.open({ receiveBufferBytes: 2 ** 21 });
const inbox = new Inbox(b);
const to = a.peer("127.0.0.1", b.local.port);
let seen = 0;
for (const [name, length] of [
  ["long", 1316],
  ["short", 1128],
] as const) {
  for (let i = 0; i < 100; i++) a.queue(numbered(i, length), to);
  a.flush();
  await inbox.until(seen + 100);
  for (let i = 0; i < 100; i++) assert.deepEqual(inbox.packets[seen + i], numbered(i, length));
  seen += 100;
  const { segmented, sendErrors } = a.stats();
  console.log(`${name} 100 segmented ${segmented} errors ${sendErrors}`);
}
