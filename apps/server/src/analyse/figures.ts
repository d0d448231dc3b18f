/** Numbers as people read them. */

/** 4.300 Mbit/s, 218 kbit/s; "–" when unknown. */
export function bitrateText(bitsPerSecond: number | undefined): string {
  if (bitsPerSecond === undefined) return "–";
  if (bitsPerSecond >= 999_500) return `${(bitsPerSecond / 1e6).toFixed(3)} Mbit/s`;
  return `${(bitsPerSecond / 1000).toFixed(bitsPerSecond < 9950 ? 1 : 0)} kbit/s`;
}

/** Kilobits a second for a column, without unit. */
export function kbitText(bitsPerSecond: number | undefined): string {
  if (bitsPerSecond === undefined) return "–";
  const kbit = bitsPerSecond / 1000;
  return kbit < 9.95 ? kbit.toFixed(1) : kbit.toFixed(0);
}

/** 12,345. */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

/** A dot for zero, so that columns of errors stay quiet. */
export function errorText(count: number): string {
  return count === 0 ? "·" : countText(count);
}

export function percentText(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

export function millisText(ms: number | undefined): string {
  if (ms === undefined) return "–";
  return ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}

/** 350 ns, 1.2 µs, 18 ms. */
export function nanosText(ns: number): string {
  if (ns < 9950) return `${Math.round(ns)} ns`;
  return ns < 999_500 ? `${(ns / 1000).toFixed(1)} µs` : `${(ns / 1e6).toFixed(1)} ms`;
}

export function hexText(value: number, digits = 4): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, "0")}`;
}

/** 13.1 s, 2:05 min, 1:02:03 h. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 3 : 1)} s`;
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)} h`;
}
