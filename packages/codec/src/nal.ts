/**
 * NAL units in their two dresses: behind start codes (ITU-T H.264 Annex B, H.265 Annex B) and behind a big-endian
 * length (ISO/IEC 14496-15). Nothing here allocates per NAL unit.
 */

/**
 * Offset of the next `00 00 01` at or after `start`, or `end` when there is none wholly before `end`.
 *
 * Looks at every third byte: a byte above 1 there rules out all three positions that a start code over it could have.
 */
export function findStartCode(buf: Uint8Array, start: number, end: number): number {
  const last = end - 3;
  let i = start;
  while (i <= last) {
    const third = buf[i + 2] as number;
    if (third > 1) {
      i += 3;
    } else if (third === 0) {
      i++;
    } else if (buf[i] === 0 && buf[i + 1] === 0) {
      return i;
    } else {
      i += 3;
    }
  }
  return end;
}

/** A reusable list of NAL units as offsets into one buffer: NAL unit `i` is `buf[starts[i] .. ends[i])`. */
export class NalList {
  count = 0;
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);

  /** Empties the list. */
  clear(): void {
    this.count = 0;
  }

  /** Appends one NAL unit. */
  add(start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  /**
   * Replaces the list by the NAL units of an Annex B byte run. Zero bytes before start codes and at the end
   * (trailing_zero_8bits) belong to no NAL unit; bytes before the first start code are left out. Returns `count`.
   */
  scanAnnexB(buf: Uint8Array, start: number, end: number): number {
    this.count = 0;
    let code = findStartCode(buf, start, end);
    while (code < end) {
      const from = code + 3;
      code = findStartCode(buf, from, end);
      let to = code;
      // A NAL unit never ends in a zero byte (H.264 §7.4.1, H.265 §7.4.2), so these are all padding.
      while (to > from && buf[to - 1] === 0) to--;
      if (to > from) this.add(from, to);
    }
    return this.count;
  }

  /**
   * Replaces the list by the NAL units of a run of 4-byte length-prefixed ones. Returns `count`, or -1 when a length
   * points past `end`; the list then holds the units before it.
   */
  scanLengthPrefixed(buf: Uint8Array, start: number, end: number): number {
    this.count = 0;
    let i = start;
    while (i + 4 <= end) {
      const size = readLength(buf, i);
      i += 4;
      if (size > end - i) return -1;
      if (size > 0) this.add(i, i + size);
      i += size;
    }
    return i === end ? this.count : -1;
  }

  /** Takes out the NAL units whose first byte answers the test (access unit delimiters, filler). */
  removeWhere(buf: Uint8Array, test: (header: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const start = this.starts[i] as number;
      if (test(buf[start] as number)) continue;
      this.starts[kept] = start;
      this.ends[kept] = this.ends[i] as number;
      kept++;
    }
    this.count = kept;
  }

  /** Bytes that the list takes with a 4-byte prefix (length or start code) before each NAL unit. */
  prefixedSize(): number {
    let size = 4 * this.count;
    for (let i = 0; i < this.count; i++) size += (this.ends[i] as number) - (this.starts[i] as number);
    return size;
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.starts.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

/** Where prefixed NAL units are written: `target` from offset `at`. */
export interface NalTarget {
  readonly target: Uint8Array;
  readonly at: number;
}

/** Writes the listed NAL units of `src`, each behind its 4-byte big-endian length. Returns the offset after them. */
export function writeLengthPrefixed(src: Uint8Array, nals: NalList, to: NalTarget): number {
  const target = to.target;
  let at = to.at;
  for (let i = 0; i < nals.count; i++) {
    const start = nals.starts[i] as number;
    const end = nals.ends[i] as number;
    const size = end - start;
    target[at] = size >>> 24;
    target[at + 1] = size >>> 16;
    target[at + 2] = size >>> 8;
    target[at + 3] = size;
    target.set(src.subarray(start, end), at + 4);
    at += 4 + size;
  }
  return at;
}

/** Writes the listed NAL units of `src`, each behind a 4-byte start code. Returns the offset after them. */
export function writeAnnexB(src: Uint8Array, nals: NalList, to: NalTarget): number {
  const target = to.target;
  let at = to.at;
  for (let i = 0; i < nals.count; i++) {
    const start = nals.starts[i] as number;
    const end = nals.ends[i] as number;
    target[at] = 0;
    target[at + 1] = 0;
    target[at + 2] = 0;
    target[at + 3] = 1;
    target.set(src.subarray(start, end), at + 4);
    at += 4 + end - start;
  }
  return at;
}

/**
 * Turns length-prefixed NAL units (4-byte lengths) into Annex B where they stand: the prefix has the same size.
 * False when a length points past `end`; the units before it are converted.
 */
export function lengthPrefixedToAnnexBInPlace(buf: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i + 4 <= end) {
    const size = readLength(buf, i);
    if (size > end - i - 4) return false;
    buf[i] = 0;
    buf[i + 1] = 0;
    buf[i + 2] = 0;
    buf[i + 3] = 1;
    i += 4 + size;
  }
  return i === end;
}

/** Annex B to length-prefixed in fresh memory, for headers and tests; the hot path uses a `NalList`. */
export function annexBToLengthPrefixed(buf: Uint8Array): Uint8Array {
  const nals = new NalList();
  nals.scanAnnexB(buf, 0, buf.length);
  const target = new Uint8Array(nals.prefixedSize());
  writeLengthPrefixed(buf, nals, { target, at: 0 });
  return target;
}

/** Calls `visit(start, end)` for each NAL unit of an Annex B run. */
export function forEachNal(buf: Uint8Array, visit: (start: number, end: number) => void): void {
  let code = findStartCode(buf, 0, buf.length);
  while (code < buf.length) {
    const from = code + 3;
    code = findStartCode(buf, from, buf.length);
    let to = code;
    while (to > from && buf[to - 1] === 0) to--;
    if (to > from) visit(from, to);
  }
}

function readLength(buf: Uint8Array, i: number): number {
  const high = buf[i] as number;
  const rest = ((buf[i + 1] as number) << 16) | ((buf[i + 2] as number) << 8) | (buf[i + 3] as number);
  return high * 0x1000000 + rest;
}
