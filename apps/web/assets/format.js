/**
 * @param {number} bitsPerSecond
 */
export function formatBitrate(bitsPerSecond) {
  if (!(bitsPerSecond > 0)) return "0 kbit/s";
  if (bitsPerSecond < 999_500) return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
  const mega = bitsPerSecond / 1e6;
  if (mega < 999.5) return `${mega.toFixed(mega < 9.995 ? 2 : mega < 99.95 ? 1 : 0)} Mbit/s`;
  return `${(mega / 1000).toFixed(2)} Gbit/s`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
export function formatCount(count, one, many) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/**
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
