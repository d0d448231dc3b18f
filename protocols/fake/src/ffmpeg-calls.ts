import { encoderFailed } from "./errors.ts";

/** Anything of FFmpeg that has options. */
interface Configurable {
  setOption(name: string, value: string): number;
}

/** Throws when a call answered with an AVERROR. */
export function check(call: string, code: number): void {
  if (code < 0) throw encoderFailed(call, code);
}

/**
 * Sets options by name, private ones of the codec or format included. Not by the dictionary that `avcodec_open2` and
 * `avformat_write_header` take: they consume it, node-av 6.1 frees it a second time, and the process crashes.
 */
export function setOptions(target: Configurable, options: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options)) {
    check(`av_opt_set ${name}=${value}`, target.setOption(name, value));
  }
}
