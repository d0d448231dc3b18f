/** Bytes that UDP, IP and SRT headers add to each payload; libsrt counts them in its byte totals. */
export const COUNTED_HEADERS = 44;

/** Running totals of one connection, under the names of libsrt's `SRT_TRACEBSTATS`. */
export class Statistics {
  pktSentTotal = 0;
  pktRecvTotal = 0;
  pktSentUniqueTotal = 0;
  pktRecvUniqueTotal = 0;
  pktSndLossTotal = 0;
  pktRcvLossTotal = 0;
  pktRetransTotal = 0;
  pktRcvRetransTotal = 0;
  pktSentACKTotal = 0;
  pktRecvACKTotal = 0;
  pktSentNAKTotal = 0;
  pktRecvNAKTotal = 0;
  usSndDurationTotal = 0;
  pktSndDropTotal = 0;
  pktRcvDropTotal = 0;
  pktRcvUndecryptTotal = 0;
  pktSndFilterExtraTotal = 0;
  pktRcvFilterExtraTotal = 0;
  pktRcvFilterSupplyTotal = 0;
  pktRcvFilterLossTotal = 0;
  byteSentTotal = 0;
  byteRecvTotal = 0;
  byteSentUniqueTotal = 0;
  byteRecvUniqueTotal = 0;
  byteRcvLossTotal = 0;
  byteRetransTotal = 0;
  byteSndDropTotal = 0;
  byteRcvDropTotal = 0;
  byteRcvUndecryptTotal = 0;
  pktRcvBelated = 0;
  pktReorderDistance = 0;
  pktReorderTolerance = 0;
  /** Not of libsrt: packets that broke a rule, and were dropped. */
  pktViolations = 0;
  belatedUs = 0;
}

/** A packet that cannot be read is dropped. `bytes`: with UDP and IP headers. */
export function countUndecrypted(statistics: Statistics, bytes: number): void {
  statistics.pktRcvUndecryptTotal++;
  statistics.byteRcvUndecryptTotal += bytes;
  statistics.pktRcvDropTotal++;
  statistics.byteRcvDropTotal += bytes;
}

const INTERVAL: readonly (keyof Statistics)[] = [
  "pktSentTotal",
  "pktRecvTotal",
  "pktSentUniqueTotal",
  "pktRecvUniqueTotal",
  "pktSndLossTotal",
  "pktRcvLossTotal",
  "pktRetransTotal",
  "pktRcvRetransTotal",
  "pktSentACKTotal",
  "pktRecvACKTotal",
  "pktSentNAKTotal",
  "pktRecvNAKTotal",
  "pktSndFilterExtraTotal",
  "pktRcvFilterExtraTotal",
  "pktRcvFilterSupplyTotal",
  "pktRcvFilterLossTotal",
  "usSndDurationTotal",
  "pktSndDropTotal",
  "pktRcvDropTotal",
  "pktRcvUndecryptTotal",
  "byteSentTotal",
  "byteRecvTotal",
  "byteSentUniqueTotal",
  "byteRecvUniqueTotal",
  "byteRcvLossTotal",
  "byteRetransTotal",
  "byteSndDropTotal",
  "byteRcvDropTotal",
  "byteRcvUndecryptTotal",
];

const LEAST_INTERVAL_US = 1_000_000;

/** Interval values: what was added between the last two readings that were at least a second apart. */
export class IntervalReading {
  readonly #before = new Map<keyof Statistics, number>();
  #sinceUs: number;
  #shown: Record<string, number> = {};

  constructor(nowUs: number) {
    this.#sinceUs = nowUs;
  }

  read(totals: Statistics, nowUs: number): Readonly<Record<string, number>> {
    const spanUs = nowUs - this.#sinceUs;
    if (spanUs < LEAST_INTERVAL_US) return this.#shown;
    const shown: Record<string, number> = {};
    for (const name of INTERVAL) {
      shown[name.slice(0, -"Total".length)] = totals[name] - (this.#before.get(name) ?? 0);
      this.#before.set(name, totals[name]);
    }
    shown["mbpsSendRate"] = round(((shown["byteSent"] ?? 0) * 8) / spanUs);
    shown["mbpsRecvRate"] = round(((shown["byteRecv"] ?? 0) * 8) / spanUs);
    this.#sinceUs = nowUs;
    this.#shown = shown;
    return shown;
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
