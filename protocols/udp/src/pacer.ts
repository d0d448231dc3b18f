import { CbrPacer, PcrPacer } from "@millrace/mpegts";
import type { UdpPushSettings } from "./config.ts";

/** Keeps packets until they are due. A run handed out by `pull` stays valid until the next call. */
export interface PacketPacer {
  /** Takes a copy of `count` packets at `buf[start]`, which came at `nowNs`. */
  push(buf: Uint8Array, start: number, count: number, nowNs: number): void;
  /** Hands out at most `max` packets that are due: how many, and `buf` and `start` say where. 0 if none is. */
  pull(nowNs: number, max: number): number;
  /** No more will be pushed: what waits is to go. */
  flush(nowNs: number): void;
  readonly buf: Uint8Array;
  readonly start: number;
  /** When the next packet is due; `Infinity` while there is none. */
  readonly nextDueNs: number;
  /** Numbers worth showing. */
  readonly counters: object;
}

/** How long a peak of the content may wait with `cbr`; by so much the PCR is set back. */
const CBR_DELAY_MS = 500;

/** What spreads a push's packets in time; undefined if they are to go as they come. */
export function makePacer(settings: UdpPushSettings): PacketPacer | undefined {
  const { paced, latencyMs, cbr, pcrMs } = settings;
  if (cbr !== undefined) {
    return new CbrPacer({ bitrate: cbr, pcrIntervalMs: pcrMs, delayMs: CBR_DELAY_MS, latencyMs });
  }
  return paced ? new PcrPacer({ latencyMs }) : undefined;
}
