import type { Scte35Descriptor } from "./descriptors.ts";

/** PTS-like values are integers at 90 kHz with 33 bits, as they stand in the section: pts_adjustment is not added. */
export interface SpliceInfoSection {
  readonly ptsAdjustment: number;
  readonly cwIndex: number;
  readonly tier: number;
  /** The command and descriptors cannot be read; they are absent. */
  readonly encrypted: boolean;
  readonly command: SpliceCommand;
  readonly descriptors: readonly Scte35Descriptor[];
  /** CRC_32 of the section. */
  readonly crcOk: boolean;
}

/** A command (ANSI/SCTE 35 §9.7). `unknown` carries what is reserved or encrypted. */
export type SpliceCommand =
  | { readonly kind: "null" }
  | { readonly kind: "schedule"; readonly events: readonly ScheduledEvent[] }
  | SpliceInsert
  | { readonly kind: "time-signal"; readonly pts?: number }
  | { readonly kind: "bandwidth-reservation" }
  | { readonly kind: "private"; readonly identifier: number; readonly data: Uint8Array }
  | { readonly kind: "unknown"; readonly type: number };

/** break_duration(), §9.8.2. */
export interface BreakDuration {
  readonly autoReturn: boolean;
  /** 90 kHz. */
  readonly ticks: number;
}

/** splice_insert(), §9.7.3. With `cancelled`, all but the event id is at its zero. */
export interface SpliceInsert {
  readonly kind: "insert";
  readonly eventId: number;
  readonly cancelled: boolean;
  readonly outOfNetwork: boolean;
  readonly immediate: boolean;
  /** Of the whole program, where one is given. */
  readonly pts?: number;
  /** Splice times by component, where the program is not spliced as a whole. */
  readonly components?: readonly { readonly tag: number; readonly pts?: number }[];
  readonly duration?: BreakDuration;
  readonly uniqueProgramId: number;
  readonly avail: number;
  readonly availsExpected: number;
}

/** One event of splice_schedule(), §9.7.2. */
export interface ScheduledEvent {
  readonly eventId: number;
  readonly cancelled: boolean;
  readonly outOfNetwork: boolean;
  /** Seconds since 1980-01-06 00:00:00 UTC, leap seconds counted; of the whole program. */
  readonly gpsSeconds?: number;
  readonly components?: readonly { readonly tag: number; readonly gpsSeconds: number }[];
  readonly duration?: BreakDuration;
  readonly uniqueProgramId: number;
  readonly avail: number;
  readonly availsExpected: number;
}
