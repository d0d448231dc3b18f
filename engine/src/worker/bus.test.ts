import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { refusal } from "../errors.ts";
import { Peer, type PeerEvents } from "./bus.ts";

function pair(a: Partial<PeerEvents>, b: Partial<PeerEvents>): [Peer, Peer] {
  const { port1, port2 } = new MessageChannel();
  const bells = new SharedArrayBuffer(8);
  const none: PeerEvents = { onAsk: () => undefined, onTell: () => {}, onBell: () => {}, onClose: () => {} };
  return [
    new Peer(1, { port: port1, bells, side: 0, incarnation: 2 }, { ...none, ...a }),
    new Peer(0, { port: port2, bells, side: 1, incarnation: 1 }, { ...none, ...b }),
  ];
}

test("questions are answered, refusals keep their code", async () => {
  const onAsk = (method: string, argument: unknown): unknown => {
    if (method === "double") return Number(argument) * 2;
    throw refusal("busy", "taken");
  };
  const [a] = pair({}, { onAsk });
  assert.equal(await a.ask("double", 21), 42);
  await assert.rejects(a.ask("publish", "x"), { code: "busy", message: "taken" });
  a.close();
});

test("many rings before the other side wakes make one wake-up", async () => {
  let rung = 0;
  const [a] = pair({}, { onBell: () => rung++ });
  for (let i = 0; i < 1000; i++) a.ring();
  await sleep(20);
  assert.equal(rung, 1);
  a.ring();
  await sleep(20);
  assert.equal(rung, 2);
  a.close();
});

test("news sent after an answer arrives after it", async () => {
  const order: string[] = [];
  const [a, b] = pair(
    { onTell: (_topic, value) => order.push(String(value)) },
    {
      onAsk: () => {
        queueMicrotask(() => b.tell("news", "later"));
        return "snapshot";
      },
    },
  );
  order.push(String(await a.ask("shelf", null)));
  await sleep(20);
  assert.deepEqual(order, ["snapshot", "later"]);
  a.close();
});

test("a peer that goes away fails what was asked of it", async () => {
  let closed = false;
  const [a, b] = pair({ onClose: () => (closed = true) }, { onAsk: () => new Promise(() => {}) });
  const answer = a.ask("anything", null);
  setTimeout(() => b.close(), 5);
  await assert.rejects(answer, { code: "unavailable" });
  await sleep(10);
  assert.ok(closed);
});
