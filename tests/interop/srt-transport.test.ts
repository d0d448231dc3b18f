import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Details } from "@millrace/model";
import { pseudoRandom } from "../e2e/kit/live.ts";
import { needs } from "../e2e/kit/programs.ts";
import { until } from "../e2e/kit/server.ts";
import { type Link, publishedBy, pushedTo } from "./kit/srt-links.ts";
import { assertPasses, NumberedFeed } from "./kit/srt-media.ts";
import { SrtServer } from "./kit/srt-server.ts";

const LATENCY_MS = 600;
const PASSPHRASE = "correct-horse-battery";
const FILTER = "fec,cols:10,rows:5,arq:onreq";
/** Packets of seven in one megabyte. */
const BYTES = 1_000_000;
const BITS_PER_SECOND = 4_000_000;

let srt: SrtServer;
const stops: (() => Promise<unknown>)[] = [];

before(async () => {
  srt = await SrtServer.start(
    { after: (stop) => stops.push(stop) },
    {
      clear: `latency=${LATENCY_MS}`,
      secret: `latency=${LATENCY_MS} passphrase=${PASSPHRASE}`,
      filter: `latency=${LATENCY_MS} packetfilter=${FILTER}`,
    },
  );
});

after(async () => {
  const { errors } = srt;
  for (const stop of stops) await stop();
  assert.deepEqual(errors, []);
});

async function assertAllPasses(t: TestContext, { write, got, details, explain }: Link): Promise<void> {
  try {
    await assertPasses(t, { write, got, explain, bytes: BYTES, bitsPerSecond: BITS_PER_SECOND });
  } catch (error) {
    throw new Error(`${String(error)}\n${JSON.stringify(await details())}`);
  }
}

describe("the key is changed while a stream runs", { concurrency: 2 }, () => {
  for (const lossPercent of [0, 3]) {
    const relay = { both: { lossPercent, delayMs: 10 } };

    test(`srt-live-transmit sends, ${lossPercent} % loss`, async (t) => {
      if (!needs(t, "srt-live-transmit")) return;
      // libsrt does not wait with a key until the packets of the one before last, which had the same flag, are through: with
      // loss they have to be gone by then.
      const more =
        lossPercent === 0
          ? { kmrefreshrate: 64, kmpreannounce: 16 }
          : { kmrefreshrate: 300, kmpreannounce: 120 };
      const peer = { passphrase: PASSPHRASE, keyBytes: 16, more };
      const port = srt.ports["secret"] as number;
      const options = { stream: `keys-in-${lossPercent}`, peer, latencyMs: LATENCY_MS, port, relay };
      const link = await publishedBy(t, srt, options);
      await assertAllPasses(t, link);
      assert.equal(link.watch.clear, 0);
      assert.ok(link.watch.keyChanges >= (lossPercent === 0 ? 8 : 2), `${link.watch.keyChanges} changes`);
      assert.equal((await link.details())["pktRcvUndecryptTotal"], 0);
    });

    test(`srt-live-transmit receives, ${lossPercent} % loss`, async (t) => {
      if (!needs(t, "srt-live-transmit")) return;
      const query = `passphrase=${PASSPHRASE}&pbkeylen=32&kmrefreshrate=64&kmpreannounce=16`;
      const peer = { passphrase: PASSPHRASE };
      const options = { stream: `keys-out-${lossPercent}`, peer, query, latencyMs: LATENCY_MS, relay };
      const link = await pushedTo(t, srt, options);
      await assertAllPasses(t, link);
      assert.equal(link.watch.clear, 0);
      assert.ok(link.watch.keyChanges >= 8, `${link.watch.keyChanges} changes`);
    });
  }
});

/**
 * The same under loss, once the first matrix of the filter is through: of that the staircase covers a part by rows only,
 * and libsrt 1.5.1 never asks for what it could not rebuild there, whoever sends.
 */
async function assertAllPassesLossy(t: TestContext, link: Link): Promise<void> {
  const losing = until("the first matrix", 20_000, () => link.got().length > 200 * 1316 || undefined).then(
    () => link.relay.change({ both: { lossPercent: 2, delayMs: 20 } }),
  );
  await assertAllPasses(t, link);
  await losing;
}

describe(`packet filter ${FILTER}, 2 % loss`, { concurrency: 2 }, () => {
  const relay = { both: { delayMs: 20 } };

  test("srt-live-transmit sends", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const peer = { more: { packetfilter: FILTER } };
    const port = srt.ports["clear"] as number;
    const link = await publishedBy(t, srt, { stream: "fec-in", peer, latencyMs: LATENCY_MS, port, relay });
    await assertAllPassesLossy(t, link);
    const { pktRcvFilterSupplyTotal, pktRcvFilterExtraTotal } = await link.details();
    assert.ok(Number(pktRcvFilterSupplyTotal) > 0, "nothing was rebuilt");
    assert.ok(Number(pktRcvFilterExtraTotal) > 0 && link.watch.filter > 0);
  });

  test("srt-live-transmit sends, and only the server asks for the filter", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const port = srt.ports["filter"] as number;
    // A caller without a filter takes the listener's when it is told that there is one.
    const link = await publishedBy(t, srt, { stream: "fec-ask", latencyMs: LATENCY_MS, port, relay });
    await assertAllPassesLossy(t, link);
    assert.ok(link.watch.filter > 0, "no filter");
    assert.ok(Number((await link.details())["pktRcvFilterSupplyTotal"]) > 0, "nothing was rebuilt");
  });

  test("srt-live-transmit receives", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const statistics = join(srt.server.folder, "fec.json");
    const peer = { more: { packetfilter: FILTER }, statistics };
    const query = `packetfilter=${FILTER}`;
    const link = await pushedTo(t, srt, { stream: "fec-out", peer, query, latencyMs: LATENCY_MS, relay });
    await assertAllPassesLossy(t, link);
    const { recv } = lastReport(statistics);
    assert.ok((recv["packetsFilterSupply"] ?? 0) > 0, "nothing was rebuilt");
    assert.ok(Number((await link.details())["pktSndFilterExtraTotal"]) > 0);
  });

  test("encrypted, srt-live-transmit sends", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const peer = {
      passphrase: PASSPHRASE,
      more: { packetfilter: FILTER, kmrefreshrate: 256, kmpreannounce: 32 },
    };
    const port = srt.ports["secret"] as number;
    const link = await publishedBy(t, srt, {
      stream: "fec-key-in",
      peer,
      latencyMs: LATENCY_MS,
      port,
      relay,
    });
    await assertAllPassesLossy(t, link);
    assert.ok(Number((await link.details())["pktRcvFilterSupplyTotal"]) > 0, "nothing was rebuilt");
  });

  test("encrypted, srt-live-transmit receives", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const statistics = join(srt.server.folder, "fec-key.json");
    const peer = { passphrase: PASSPHRASE, statistics, more: { packetfilter: FILTER } };
    const query = `packetfilter=${FILTER}&passphrase=${PASSPHRASE}&kmrefreshrate=256&kmpreannounce=32`;
    const link = await pushedTo(t, srt, { stream: "fec-key-out", peer, query, latencyMs: LATENCY_MS, relay });
    await assertAllPassesLossy(t, link);
    assert.ok((lastReport(statistics).recv["packetsFilterSupply"] ?? 0) > 0, "nothing was rebuilt");
  });
});

test("the server asks for what the filter cannot rebuild", async (t) => {
  if (!needs(t, "srt-live-transmit")) return;
  const loss = new LosingRow();
  const link = await publishedBy(t, srt, {
    stream: "fec-gap",
    peer: { more: { packetfilter: FILTER } },
    latencyMs: LATENCY_MS,
    port: srt.ports["clear"] as number,
    relay: {
      both: { delayMs: 20 },
      filter: (datagram) => loss.passes(Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length)),
    },
  });
  await assertAllPasses(t, link);
  assert.deepEqual([loss.packets, loss.rows], [1, 1]);
  assert.ok(link.watch.again > 0);
  assert.ok(Number((await link.details())["pktRcvFilterLossTotal"]) > 0);
});

/** Loses the 24th data packet and the packet of its row, when the columns of a staircase do not reach that far yet. */
class LosingRow {
  packets = 0;
  rows = 0;
  #base = -1;

  passes(datagram: Buffer): boolean {
    const sequence = datagram.readUInt32BE(0);
    if (sequence >= 0x8000_0000) return true;
    const isFilter = (datagram.readUInt32BE(4) & 0x03ff_ffff) === 0;
    const isAgain = (datagram.readUInt32BE(4) & 0x0400_0000) !== 0;
    if (this.#base < 0) this.#base = sequence;
    const number = (sequence - this.#base) & 0x7fff_ffff;
    if (isFilter && datagram[16] === ROW && number === 29) this.rows++;
    else if (!isFilter && !isAgain && number === 23) this.packets++;
    else return true;
    return false;
  }
}

/** Where a packet of the filter says which column it is of. */
const ROW = 0xff;

/** One line of srt-live-transmit's statistics; its names leave out what libsrt's begin with. */
interface Report {
  readonly send: Readonly<Record<string, number>>;
  readonly recv: Readonly<Record<string, number>>;
  readonly link: Readonly<Record<string, number>>;
}

function lastReport(file: string): Report {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "{}") as Report;
}

/** Packets sent, and the first of them of which some get lost. */
const SENT = 3000;
const LOSING = 2800;

/**
 * Loses one in twenty of the data packets that are sent for the first time, and nothing else; behind them nothing, since
 * a loss is seen only when something follows.
 */
class Losing {
  count = 0;
  #seen = 0;
  readonly #random = pseudoRandom(3);

  readonly filter = (datagram: Uint8Array): boolean => {
    const isFirst = (datagram[0] as number) < 0x80 && ((datagram[4] as number) & 4) === 0;
    if (!isFirst || this.#seen++ >= LOSING || this.#random() >= 0.05) return true;
    this.count++;
    return false;
  };
}

/** Within one per cent, as whole packets. */
function assertAgree(name: string, mine: unknown, theirs: number | undefined): void {
  assert.ok(typeof mine === "number" && theirs !== undefined, `${name}: ${String(mine)}, ${theirs}`);
  assert.ok(Math.abs(mine - theirs) <= Math.max(1, theirs * 0.01), `${name}: ${mine} here, ${theirs} there`);
}

/**
 * Sends until a good part of what came without loss is through, too. Pipes to and from srt-live-transmit hold some packets
 * back for as long as nothing follows them.
 */
async function sendAll(t: TestContext, link: Link): Promise<void> {
  const feed = new NumberedFeed(BITS_PER_SECOND, link.write);
  t.after(() => feed.stop());
  await until(`${SENT} packets`, 20_000, () => feed.sentBytes >= SENT * 1316 || undefined);
  feed.stop();
  const most = (): true | undefined => link.got().length >= (SENT - 10) * 1316 || undefined;
  await until("all of them", 10_000, most).catch((error: Error) =>
    assert.fail(`${error.message}: ${link.got().length} of ${feed.sentBytes}; ${link.explain()}`),
  );
}

describe("the statistics of a session are those of libsrt on the other side", () => {
  test("srt-live-transmit sends", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const loss = new Losing();
    const statistics = join(srt.server.folder, "sent.json");
    const link = await publishedBy(t, srt, {
      stream: "count-in",
      peer: { statistics },
      latencyMs: LATENCY_MS,
      port: srt.ports["clear"] as number,
      relay: { both: { delayMs: 15 }, filter: loss.filter },
    });
    await sendAll(t, link);
    const mine: Details = await link.details();
    const { send } = lastReport(statistics);
    assert.ok(loss.count > 100);
    assertAgree("sent", Number(mine["pktRecvTotal"]) + loss.count, send["packets"]);
    assertAgree("unique", mine["pktRecvUniqueTotal"], send["packetsUnique"]);
    assertAgree("lost", mine["pktRcvLossTotal"], loss.count);
    assertAgree("sent again", mine["pktRcvRetransTotal"], send["packetsRetransmitted"]);
    assertAgree("bytes", Number(mine["byteRecvTotal"]) + loss.count * 1360, send["bytes"]);
    assertAgree("unique bytes", mine["byteRecvUniqueTotal"], send["bytesUnique"]);
    assert.ok((send["packetsLost"] ?? 0) >= loss.count);
    assert.deepEqual([mine["pktRcvDropTotal"], send["packetsDropped"]], [0, 0]);
  });

  test("srt-live-transmit receives", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    const loss = new Losing();
    const statistics = join(srt.server.folder, "received.json");
    const link = await pushedTo(t, srt, {
      stream: "count-out",
      peer: { statistics },
      latencyMs: LATENCY_MS,
      relay: { both: { delayMs: 15 }, filter: loss.filter },
    });
    await sendAll(t, link);
    const mine: Details = await link.details();
    const { recv } = lastReport(statistics);
    assert.ok(loss.count > 100);
    assertAgree("received", Number(mine["pktSentTotal"]) - loss.count, recv["packets"]);
    assertAgree("unique", mine["pktSentUniqueTotal"], recv["packetsUnique"]);
    assertAgree("lost", loss.count, recv["packetsLost"]);
    // Of a sender it is how often packets were reported, and reports are repeated.
    assert.ok(Number(mine["pktSndLossTotal"]) >= loss.count);
    assertAgree("sent again", mine["pktRetransTotal"], recv["packetsRetransmitted"]);
    assertAgree("bytes", Number(mine["byteSentTotal"]) - loss.count * 1360, recv["bytes"]);
    assertAgree("unique bytes", mine["byteSentUniqueTotal"], recv["bytesUnique"]);
    assertAgree("latency", mine["msSndTsbPdDelay"], recv["msTsbPdDelay"]);
    assert.deepEqual([mine["pktSndDropTotal"], recv["packetsDropped"]], [0, 0]);
  });
});
