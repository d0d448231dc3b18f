import type { RttEstimator } from "@millrace/arq";
import type { Agreement } from "./agreement.ts";
import { type SrtOptions, UDP_IP_BYTES } from "./options.ts";
import type { Receiver } from "./receiver.ts";
import type { Sender } from "./sender.ts";
import { COUNTED_HEADERS, type Statistics } from "./statistics.ts";

/** The parts of a connection that have numbers. */
export interface Described {
  readonly statistics: Statistics;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly rtt: RttEstimator;
  readonly agreement: Agreement;
}

/** The statistics of a connection, named and counted as libsrt's `srt_bistats` does (docs/API/statistics.md). */
export function describeConnection(
  connection: Described,
  options: SrtOptions,
  interval: Readonly<Record<string, number>>,
  nowUs: number,
): Readonly<Record<string, number | string>> {
  const { statistics, sender, receiver, rtt, agreement } = connection;
  const { belatedUs, ...totals } = statistics;
  const packetBytes = agreement.maxPacketSize;
  const maxBw = sender.pacer.bytesPerSecond;
  const averageBytes =
    statistics.pktSentTotal === 0 ? packetBytes : statistics.byteSentTotal / statistics.pktSentTotal;
  const received = receiver.buffer;
  return {
    msTimeStamp: Math.round((nowUs - agreement.startUs) / 1000),
    ...totals,
    usSndDurationTotal: Math.round(totals.usSndDurationTotal + sender.busyUs(nowUs)),
    ...interval,
    usPktSndPeriod: maxBw > 0 ? Math.round((averageBytes * 1e6) / maxBw) : 0,
    pktFlowWindow: sender.peerRoom,
    pktCongestionWindow: options.flowWindow,
    pktFlightSize: sender.inFlight,
    msRTT: Math.round(rtt.rttUs) / 1000,
    msRTTVar: Math.round(rtt.varianceUs) / 1000,
    mbpsBandwidth: mbps(sender.linkPacketsPerSecond * packetBytes),
    mbpsMaxBW: mbps(maxBw),
    byteAvailSndBuf: Math.max(0, sender.buffer.maxPackets - sender.buffer.size) * packetBytes,
    byteAvailRcvBuf: received.room() * packetBytes,
    byteMSS: packetBytes,
    pktSndBuf: sender.buffer.size,
    byteSndBuf: sender.buffer.bytes + sender.buffer.size * UDP_IP_BYTES,
    msSndBuf: Math.round(sender.buffer.spanUs() / 1000),
    msSndTsbPdDelay: agreement.peerLatencyMs,
    pktRcvBuf: received.size,
    byteRcvBuf: received.bytes + received.size * COUNTED_HEADERS,
    msRcvBuf: Math.round(received.spanUs() / 1000),
    msRcvTsbPdDelay: agreement.receiveLatencyMs,
    pktRcvAvgBelatedTime: statistics.pktRcvBelated === 0 ? 0 : belatedUs / statistics.pktRcvBelated / 1000,
    driftUs: Math.round(receiver.timeBase.totalDriftUs),
    peerVersion: versionText(agreement.peerVersion),
    sndKmState: agreement.crypto.sendState,
    rcvKmState: agreement.crypto.receiveState,
    keyRefreshes: agreement.crypto.keyRefreshes,
    ...(agreement.filterText === undefined ? {} : { packetFilter: agreement.filterText }),
  };
}

function mbps(bytesPerSecond: number): number {
  return Math.round((bytesPerSecond * 8) / 1000) / 1000;
}

function versionText(version: number): string {
  return `${version >> 16}.${(version >> 8) & 0xff}.${version & 0xff}`;
}
