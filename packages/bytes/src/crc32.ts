/** Table of CRC-32/MPEG-2: polynomial 0x04C11DB7, most significant bit first (ISO/IEC 13818-1 Annex A). */
const TABLE = buildTable();

function buildTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    table[byte] = crc >>> 0;
  }
  return table;
}

/**
 * CRC-32 of PSI sections over `bytes[start, end)`, as an unsigned integer. Initial value all ones, no reflection, no
 * final inversion; over a whole section with its CRC the result is 0.
 */
export function crc32Mpeg(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0xffffffff | 0;
  for (let i = start; i < end; i++) {
    crc = (crc << 8) ^ (TABLE[(crc >>> 24) ^ (bytes[i] as number)] as number);
  }
  return crc >>> 0;
}
