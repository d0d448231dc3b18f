import { crc32Mpeg } from "@millrace/bytes";

export interface Insert {
  readonly event?: number;
  readonly out?: boolean;
  readonly cancelled?: boolean;
  /** 90 kHz; immediate when absent. */
  readonly pts?: number;
  /** 90 kHz; returns by itself. */
  readonly duration?: number;
  readonly adjustment?: number;
}

/** For tests only. */
export function uint(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);
}

/** 33 bits behind flags. */
export function time(value: number, flags: number): number[] {
  const [high = 0, ...rest] = uint(value % 2 ** 33, 5);
  return [flags | (high & 1), ...rest];
}

/** A splice_info_section() (ANSI/SCTE 35 §9.6). */
export function section(
  type: number,
  command: number[],
  { descriptors = [] as number[], adjustment = 0 } = {},
): Uint8Array {
  const body = [...command, ...uint(descriptors.length, 2), ...descriptors];
  const head = [
    0,
    ...time(adjustment, 0),
    0,
    0xff,
    0xf0 | (command.length >> 8),
    command.length & 0xff,
    type,
  ];
  const bytes = Uint8Array.from([0xfc, 0x30, head.length + body.length + 4, ...head, ...body, 0, 0, 0, 0]);
  bytes.set(uint(crc32Mpeg(bytes, 0, bytes.length - 4) >>> 0, 4), bytes.length - 4);
  return bytes;
}

/** splice_insert (ANSI/SCTE 35 §9.7.3). */
export function insert({
  event = 7,
  out = true,
  cancelled = false,
  pts,
  duration,
  adjustment = 0,
}: Insert): Uint8Array {
  const flags =
    (out ? 0x80 : 0) | 0x40 | (duration === undefined ? 0 : 0x20) | (pts === undefined ? 0x10 : 0);
  const rest = [
    flags | 0x0f,
    ...(pts === undefined ? [] : time(pts, 0xfe)),
    ...(duration === undefined ? [] : time(duration, 0xfe)),
    ...[0, 1, 0, 0],
  ];
  const command = [...uint(event, 4), cancelled ? 0xff : 0x7f, ...(cancelled ? [] : rest)];
  return section(0x05, command, { adjustment });
}
