import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { badSyncs } from "./kit/bystander.ts";
import { PACKET, readHttp } from "./kit/capture.ts";
import { Cluster, type Connection, ticking } from "./kit/cluster.ts";
import { LivePublisher, whyNotPiece } from "./kit/live.ts";
import { TestServer, until } from "./kit/server.ts";
import { continuityErrors, timestampsOf } from "./kit/ts-check.ts";

const FRAME_TICKS = 3600;
/** Of the generator. */
const VIDEO_PID = 0x101;

/** All frames there, none twice. */
function assertUnbroken(bytes: Buffer, name: string): void {
  assert.deepEqual(continuityErrors(bytes), [], name);
  const pts = timestampsOf(bytes, VIDEO_PID);
  assert.ok(pts.length > 10, `${name}: only ${pts.length} frames`);
  for (let i = 1; i < pts.length; i++) {
    assert.equal(
      (pts[i] as number) - (pts[i - 1] as number),
      FRAME_TICKS,
      `${name}: frame ${i} of ${pts.length}`,
    );
  }
}

async function ownerOf(cluster: Cluster, name: string): Promise<number> {
  const info = await until(`stream ${name}`, 5000, async () => {
    const found = await cluster.stream(name);
    return found?.running === true ? found : undefined;
  });
  return info.worker;
}

const grows = (connection: Connection, by: number): Promise<true> => {
  const before = connection.bytes.length;
  return until(`${by} bytes more`, 10_000, () => connection.bytes.length > before + by || undefined);
};

test("a worker that throws is replaced; the other one's viewers never notice", async (t) => {
  const cluster = await Cluster.start(t, [ticking("a"), ticking("b")]);
  const [mine, theirs] = (await ownerOf(cluster, "a")) === 0 ? ["a", "b"] : ["b", "a"];
  const safe = await (await cluster.connectionTo(0)).watch(`/${mine}/mpegts`);
  const foreign = await (await cluster.connectionTo(0)).watch(`/${theirs}/mpegts`);
  const doomed = await (await cluster.connectionTo(1)).watch(`/${theirs}/mpegts`);
  await Promise.all([safe, foreign, doomed].map((viewer) => grows(viewer, 70_000)));
  assertUnbroken(foreign.bytes, "viewer of the other worker's stream");
  for (let round = 1; round <= 3; round++) {
    await cluster.crash(1);
    await until("the doomed viewer's end", 3000, () => doomed.ended || undefined);
    // The stream restarts in the new worker, and the viewer that came over the healthy one is still there.
    await grows(foreign, 40_000);
    assert.equal(foreign.ended, false);
    assert.equal(cluster.supervisor.restarts, round);
    const again = await (await cluster.connectionTo(1)).watch(`/${theirs}/mpegts`);
    await grows(again, 70_000);
    assertUnbroken(again.bytes, "viewer of the restarted stream");
    again.close();
  }
  assert.deepEqual(badSyncs(foreign.bytes), []);
  await grows(safe, 10_000);
  assertUnbroken(safe.bytes, "viewer of the healthy worker");
  assert.equal(safe.ended, false);
  const deaths = cluster.log.filter((line) => line.message.includes("died"));
  assert.equal(deaths.length, 3);
  assert.match(String(deaths[0]?.fields["reason"]), /told to crash/);
  await until("the books to be right", 3000, async () => {
    const sessions = (await cluster.reports()).flatMap((report) => report.sessions);
    return sessions.length === 2 || undefined;
  });
  for (const each of [safe, foreign, doomed]) each.close();
});

test("a viewer in either worker gets the same bytes", async (t) => {
  const cluster = await Cluster.start(t, [ticking("a")]);
  const viewers = [
    await (await cluster.connectionTo(0)).watch("/a/mpegts"),
    await (await cluster.connectionTo(1)).watch("/a/mpegts"),
  ];
  await Promise.all(viewers.map((viewer) => grows(viewer, 200_000)));
  const [first, second] = viewers.map((viewer) => viewer.bytes) as [Buffer, Buffer];
  const at = first.indexOf(second.subarray(0, 3 * PACKET));
  const [outer, inner, from] =
    at >= 0 ? [first, second, at] : [second, first, second.indexOf(first.subarray(0, 3 * PACKET))];
  assert.ok(from >= 0, "the two have something in common");
  const length = Math.min(inner.length, outer.length - from);
  assert.ok(length > 100_000, `${length} bytes in common`);
  assert.ok(outer.subarray(from, from + length).equals(inner.subarray(0, length)));
  for (const viewer of viewers) {
    assertUnbroken(viewer.bytes, "viewer");
    viewer.close();
  }
});

for (const workers of [0, 1]) {
  test(`workers ${workers}: published, played and cut into segments`, async (t) => {
    const server = await TestServer.start(t, "stream one { publish_enabled; segment_duration 1; }", {
      workers,
    });
    const publisher = new LivePublisher(server.url("/one/mpegts"), { bitrate: 1_000_000 });
    const viewer = await readHttp(server.url("/one/mpegts"));
    const playlist = await (await fetch(server.url("/one/mono.m3u8"))).text();
    const name = playlist.split("\n").find((line) => line.endsWith(".ts"));
    assert.ok(name !== undefined, playlist);
    const segment = Buffer.from(await (await fetch(server.url(`/one/${name}`))).arrayBuffer());
    assertUnbroken(segment, "segment");
    assert.equal(whyNotPiece(segment, publisher.sent), undefined);
    assert.equal(await publisher.end(), 200);
    await until("the last packet", 3000, () => {
      return viewer.bytes().subarray(-PACKET).equals(publisher.sent.subarray(-PACKET)) || undefined;
    });
    assert.equal(whyNotPiece(viewer.bytes(), publisher.sent), undefined);
    viewer.close();
  });
}

test("an on-demand stream starts with its first viewer and stops after the last", async (t) => {
  const cluster = await Cluster.start(t, [ticking("idle", { kind: "ondemand", clientsTimeoutMs: 500 })]);
  await sleep(300);
  assert.equal(await cluster.stream("idle"), undefined);
  for (const worker of [0, 1]) {
    const viewer = await (await cluster.connectionTo(worker)).watch("/idle/mpegts");
    await grows(viewer, 20_000);
    await sleep(1000);
    assert.equal((await cluster.stream("idle"))?.running, true, "watched for longer than clients_timeout");
    assertUnbroken(viewer.bytes, "viewer");
    viewer.close();
    await until("the stream to stop", 5000, async () =>
      (await cluster.stream("idle")) === undefined ? true : undefined,
    );
  }
  // Its memory can be used by others: nobody holds on to it.
  await until("its memory to be free", 5000, async () => {
    const reports = await cluster.reports();
    return reports.every(({ memory }) => memory.arenaBytes === memory.freeBytes) || undefined;
  });
});
