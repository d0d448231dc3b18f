/**
 * The payload of NAL units: an emulation prevention byte (03 after two zeros) stands wherever the payload could
 * imitate a start code (ITU-T H.264 §7.4.1.1, H.265 §7.4.2.1).
 */

/**
 * The bytes of `buf[start..end)` without emulation prevention bytes: a view on `buf` where there are none, else a
 * copy.
 */
export function unescapeRbsp(buf: Uint8Array, start: number, end: number): Uint8Array {
  const first = findEmulation(buf, start, end);
  if (first === end) return buf.subarray(start, end);
  const out = new Uint8Array(end - start);
  out.set(buf.subarray(start, first));
  let to = first - start;
  let zeros = 0;
  for (let i = first + 1; i < end; i++) {
    const byte = buf[i] as number;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[to++] = byte;
  }
  return out.subarray(0, to);
}

/** The inverse of `unescapeRbsp`: inserts emulation prevention bytes. */
export function escapeRbsp(rbsp: Uint8Array): Uint8Array {
  const out = new Uint8Array(rbsp.length + (rbsp.length >> 1) + 1);
  let to = 0;
  let zeros = 0;
  for (const byte of rbsp) {
    if (zeros >= 2 && byte <= 3) {
      out[to++] = 3;
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[to++] = byte;
  }
  // cabac_zero_words: a payload that ends in a zero byte gets a final 03 (H.264 §7.3.1).
  if (zeros > 0) out[to++] = 3;
  return out.slice(0, to);
}

/** Offset of the first emulation prevention byte, or `end`. */
function findEmulation(buf: Uint8Array, start: number, end: number): number {
  let i = start + 2;
  while (i < end) {
    const byte = buf[i] as number;
    if (byte > 3) {
      i += 3;
    } else if (byte === 3 && buf[i - 1] === 0 && buf[i - 2] === 0) {
      return i;
    } else {
      i++;
    }
  }
  return end;
}
