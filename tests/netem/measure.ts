import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../e2e/kit/server.ts";
import { type Cell, LATENCY_ROUND_TRIPS } from "./cells.ts";
import { Count, type Counted, Feed } from "./kit/numbered-line.ts";
import { NumberedTs, PACKETS_A_DATAGRAM } from "./kit/numbered-ts.ts";
import { socketDrops } from "./kit/socket-drops.ts";
import { type Owner, TwoNetworks } from "./kit/two-networks.ts";
import type { BothCounters } from "./kit/wire.ts";
import { IN_PORT, OUT_PORT, type PeerName, startReceiver, startSender } from "./peers.ts";

const PAYLOAD_BYTES = 1316;
/** Not counted at the start, where buffers fill up, and at the end, where nothing follows what is lost. Seconds. */
const HEAD_S = 2;
const TAIL_S = 2;
const TRIES = 3;

export interface Pair {
  readonly sender: PeerName;
  readonly receiver: PeerName;
}

/** What one run showed. Counts are of datagrams of seven packets, of those that count. */
export interface Measured {
  readonly cell: Cell;
  readonly pair: Pair;
  readonly sent: number;
  /** Never came out. */
  readonly dropped: number;
  /** Lost at first by the wire, and came out all the same. */
  readonly recovered: number;
  readonly duplicates: number;
  readonly reordered: number;
  /** Bytes on the wire besides the payload, of what the sender sent and of what it got, as parts of the payload. */
  readonly overhead: number;
  readonly controlOverhead: number;
  /** Data packets sent again, as a part of those sent. */
  readonly again: number;
  /** Datagrams that this machine lost outside of the wire: the run says nothing when there are any. */
  readonly machineDrops: number;
  /** Most by which the program that feeds was late, milliseconds: a hint of how busy the machine was. */
  readonly lateMs: number;
}

export interface MeasureOptions {
  readonly seconds: number;
  readonly bitsPerSecond: number;
  readonly seed: number;
}

/** Runs one pair over one network; again when the machine itself lost something. */
export async function measure(cell: Cell, pair: Pair, options: MeasureOptions): Promise<Measured> {
  let measured = await measureOnce(cell, pair, options);
  for (let i = 1; i < TRIES && measured.machineDrops > 0; i++)
    measured = await measureOnce(cell, pair, options);
  return measured;
}

async function measureOnce(cell: Cell, pair: Pair, options: MeasureOptions): Promise<Measured> {
  const stops: (() => unknown)[] = [];
  const owner: Owner = { after: (stop) => stops.push(stop) };
  try {
    return await run(owner, { cell, pair, ...options });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function run(owner: Owner, options: MeasureOptions & { cell: Cell; pair: Pair }): Promise<Measured> {
  const { cell, pair, seconds, bitsPerSecond, seed } = options;
  const networks = await TwoNetworks.start(owner, { seed, both: { delayMs: cell.rttMs / 2 } });
  const { left, right } = networks;
  const latencyMs = cell.rttMs * LATENCY_ROUND_TRIPS;
  const count = await Count.start(owner, right, OUT_PORT);
  const remote = right.address;
  const receiver = await startReceiver(owner, pair.receiver, { network: right, remote, latencyMs });
  const sender = await startSender(owner, pair.sender, { network: left, remote, latencyMs });
  const datagramMs = new NumberedTs(bitsPerSecond).datagramMs;
  const window = {
    from: Math.ceil((HEAD_S * 1000) / datagramMs),
    to: Math.ceil(((HEAD_S + seconds) * 1000) / datagramMs),
  };
  const datagrams = window.to + Math.ceil((TAIL_S * 1000) / datagramMs);
  const feed = await Feed.start(owner, left, { port: IN_PORT, bitsPerSecond, datagrams });
  await Promise.all([sender.connected(), receiver.connected()]);
  // Handshakes are not what is measured.
  await networks.change(cell.impairments);
  const fed = await feed.run();
  const counted = await allThatCame(count, window);
  const machineDrops = counted.drops + fed.failed + socketDrops(sender.pid, IN_PORT);
  return {
    cell,
    pair,
    ...summarize(counted, await networks.counters(), { window, datagrams }),
    machineDrops,
    lateMs: fed.lateMs,
  };
}

interface Window {
  readonly from: number;
  readonly to: number;
}

/** Waits until nothing comes any more. */
async function allThatCame(count: Count, { from, to }: Window): Promise<Counted> {
  const read = (): Promise<Counted> => count.read(from * PACKETS_A_DATAGRAM, to * PACKETS_A_DATAGRAM);
  let before = -1;
  return until("the stream to end", 30_000, async () => {
    const now = await read();
    if (now.packets === before) return now;
    before = now.packets;
    await sleep(1000);
    return undefined;
  });
}

function summarize(
  counted: Counted,
  { forward, back }: BothCounters,
  { window, datagrams }: { window: Window; datagrams: number },
): Omit<Measured, "cell" | "pair" | "machineDrops" | "lateMs"> {
  const dropped = counted.missed / PACKETS_A_DATAGRAM;
  const payload = datagrams * PAYLOAD_BYTES;
  const sent = window.to - window.from;
  return {
    sent,
    dropped,
    // The wire counted all, the loss of those that count is their part of it.
    recovered: Math.max(0, (forward.srtDataLost * sent) / datagrams - dropped),
    duplicates: counted.duplicates / PACKETS_A_DATAGRAM,
    reordered: counted.reordered / PACKETS_A_DATAGRAM,
    overhead: forward.bytes / payload - 1,
    controlOverhead: back.bytes / payload,
    again: forward.srtAgain / Math.max(1, forward.srtData),
  };
}
