import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { Viewer } from "./viewer.ts";

/** A socket whose peer never reads. */
function stuckSocket(): Socket {
  const stuck = new Duplex({ read: () => {}, write: () => {} });
  return Object.assign(stuck, { destroySoon: () => stuck.end() }) as unknown as Socket;
}

test("a viewer whose body is over is cut off if it does not take the rest", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const socket = stuckSocket();
  let closed = 0;
  const session = { id: "1", stream: "cam/one", bytes: 0, skips: 0, lagBytes: 0, close: () => void closed++ };
  const viewer = new Viewer({ socket, session, onLaneEnd: () => {}, onStalled: () => {} });
  socket.write(new Uint8Array(1000));
  viewer.end();
  t.mock.timers.tick(29_000);
  assert.equal(socket.destroyed, false);
  t.mock.timers.tick(2000);
  assert.equal(socket.destroyed, true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(viewer.closed, true);
  assert.equal(closed, 1);
});
