import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { after, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { IMPLEMENTATIONS, type Implementation, Sockets, skipOf } from "./testing/implementations.ts";
import { Inbox, numbered, text } from "./testing/inbox.ts";

const started: Worker[] = [];
// One that a failed test left would keep the process running.
after(() => Promise.all(started.map((worker) => worker.terminate())));

async function startThread(
  implementation: Implementation,
  role: string,
): Promise<{ worker: Worker; port: number; exit: Promise<number> }> {
  const worker = new Worker(new URL("./testing/udp-thread.ts", import.meta.url), {
    workerData: { implementation, role },
  });
  started.push(worker);
  // A thread that ends at once can have exited when its message arrives.
  const exit = new Promise<number>((resolve) => worker.once("exit", resolve));
  const [port] = (await once(worker, "message")) as [number];
  return { worker, port, exit };
}

for (const implementation of IMPLEMENTATIONS)
  describe(implementation, { skip: skipOf(implementation) }, () => {
    test("two threads and the main one have sockets at the same time", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open();
      const inbox = new Inbox(socket);
      const threads = await Promise.all(["echo", "echo"].map((role) => startThread(implementation, role)));
      for (const { port } of threads)
        for (let i = 0; i < 25; i++) socket.queue(numbered(i, 900), socket.peer("127.0.0.1", port));
      socket.flush();
      await inbox.until(50);
      for (const { port } of threads) {
        const mine = inbox.packets.filter((_, i) => inbox.sources[i]?.port === port);
        assert.deepEqual(
          mine,
          Array.from({ length: 25 }, (_, i) => numbered(i, 900)),
        );
      }
      for (const { port } of threads) socket.send(text("end"), socket.peer("127.0.0.1", port));
      assert.deepEqual(await Promise.all(threads.map(({ exit }) => exit)), [0, 0]);
    });

    test("threads that are ended under load take their sockets with them", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open();
      const count = (): number => readdirSync("/proc/self/fd").length;
      // The first thread opens what the process keeps for all of them.
      await (await startThread(implementation, "echo")).worker.terminate();
      const before = count();
      for (let round = 0; round < 5; round++) {
        const { worker, port } = await startThread(implementation, "echo");
        const inbox = new Inbox(socket);
        for (let i = 0; i < 200; i++) socket.queue(numbered(i, 1000), socket.peer("127.0.0.1", port));
        socket.flush();
        await inbox.until(1);
        await worker.terminate();
      }
      assert.ok(count() <= before, `${before} descriptors before, ${count()} after`);
    });

    test("a socket with unref keeps no thread running", async () => {
      const { exit } = await startThread(implementation, "idle");
      assert.equal(await exit, 0);
    });

    test("what onPackets throws is an uncaught exception", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open();
      const { worker, port } = await startThread(implementation, "throw");
      const failed = once(worker, "error");
      socket.send(text("x"), socket.peer("127.0.0.1", port));
      const [error] = (await failed) as [Error];
      assert.match(error.message, /thrown in onPackets/);
    });
  });
