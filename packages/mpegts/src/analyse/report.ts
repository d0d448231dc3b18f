import type { Codec, TrackKind } from "@millrace/model";
import type { EsFormat } from "./es-format.ts";

/** Shortest, mean and longest, milliseconds. */
export interface Spread {
  readonly minMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

export interface StreamReport {
  readonly pid: number;
  readonly streamType: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  readonly name: string;
  readonly languages: readonly string[];
  /** What the codec's headers say, where they were found and are understood. */
  readonly format?: EsFormat;
}

export interface ProgramReport {
  readonly number: number;
  readonly pmtPid: number;
  /** Absent where the PMT did not come or says that there is none. */
  readonly pcrPid?: number;
  /** Whether its PMT came. */
  readonly mapped: boolean;
  /** Whether the last PAT names it; programs of earlier PATs are kept. */
  readonly listed: boolean;
  readonly name?: string;
  readonly provider?: string;
  /** EN 300 468 table 89. */
  readonly serviceType?: number;
  readonly channel?: number;
  /** Title of the present event. */
  readonly now?: string;
  /** Whether scrambled packets were seen on one of its PIDs. */
  readonly scrambled: boolean;
  readonly caSystems: readonly number[];
  /** Bits a second of all its PIDs; absent while the stream's bitrate is unknown. */
  readonly bitrate?: number;
  readonly streams: readonly StreamReport[];
}

export interface PidReport {
  readonly pid: number;
  /** What it is: "PAT", "PMT", "H.264", "ECM 0x0500"… or "Unreferenced". */
  readonly label: string;
  /** The programs that refer to it; several may share a stream. */
  readonly programs: readonly number[];
  readonly streamType?: number;
  readonly languages: readonly string[];
  readonly packets: number;
  /** Of all packets, 0 to 1. */
  readonly share: number;
  readonly bitrate?: number;
  readonly unitStarts: number;
  readonly scrambled: number;
  readonly ccErrors: number;
  readonly duplicates: number;
  readonly crcErrors: number;
  readonly randomAccess: number;
  readonly pts?: PtsReport;
}

export interface PtsReport {
  readonly count: number;
  /** 33-bit values, 90 kHz. */
  readonly first: number;
  readonly last: number;
  /** Longest time between two, by the stream's clock. */
  readonly maxIntervalMs?: number;
}

export interface PcrReport {
  readonly pid: number;
  readonly programs: readonly number[];
  readonly count: number;
  /** 27 MHz, wrapped. */
  readonly first: number;
  readonly last: number;
  readonly interval?: Spread;
  readonly bitrate?: number;
  /** Whether packets pass at a constant rate between PCRs; absent where there are too few. */
  readonly constantRate?: boolean;
  /** Inaccuracy against a constant rate, nanoseconds; only for constant-rate streams. */
  readonly accuracy?: { readonly maxNs: number; readonly rmsNs: number };
  readonly announcedDiscontinuities: number;
  readonly unannouncedDiscontinuities: number;
}

export interface TableReport {
  readonly pid: number;
  readonly tableId: number;
  readonly name: string;
  /** table_id_extension: program, service, network…; absent for tables of the short form. */
  readonly extension?: number;
  readonly version?: number;
  readonly versionChanges: number;
  readonly sections: number;
  readonly lastSectionNumber: number;
  /** Times between repetitions. */
  readonly interval?: Spread;
}

/** Counters of ETSI TR 101 290 V1.4.1 §5.2.1, named as there. */
export interface Tr101290 {
  readonly priority1: {
    readonly TS_sync_loss: number;
    readonly Sync_byte_error: number;
    readonly PAT_error: number;
    readonly Continuity_count_error: number;
    readonly PMT_error: number;
    readonly PID_error: number;
  };
  readonly priority2: {
    readonly Transport_error: number;
    readonly CRC_error: number;
    /** Sum of the two that follow. */
    readonly PCR_error: number;
    readonly PCR_repetition_error: number;
    readonly PCR_discontinuity_indicator_error: number;
    readonly PCR_accuracy_error: number;
    readonly PTS_error: number;
    readonly CAT_error: number;
  };
}

/** Everything that was found out about a transport stream: plain data, ready for JSON. */
export interface TsReport {
  readonly packets: number;
  readonly bytes: number;
  /** Bits a second by PCR, else by arrival; absent without either. */
  readonly bitrate?: number;
  readonly bitrateBy?: "pcr" | "arrival";
  readonly constantRate?: boolean;
  readonly durationMs?: number;
  readonly nullPackets: number;
  readonly nullShare: number;
  readonly rubbishBytes: number;
  readonly scrambledPackets: number;
  readonly ccErrors: number;
  readonly duplicates: number;
  readonly transportStreamId?: number;
  readonly networkName?: string;
  /** Last TDT or TOT: UTC, milliseconds. */
  readonly utcMs?: number;
  readonly programs: readonly ProgramReport[];
  /** Every PID that had a packet, ascending. */
  readonly pids: readonly PidReport[];
  readonly pcr: readonly PcrReport[];
  readonly tables: readonly TableReport[];
  readonly tr101290: Tr101290;
}
