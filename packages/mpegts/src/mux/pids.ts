import type { Track } from "@millrace/model";
import { PID_NULL, PID_SDT } from "../packet.ts";
import { muxError } from "./errors.ts";

/**
 * PIDs by name: `pmt`, `sdt`, and for tracks a letter and a number counted from one: `v1` video, `a1` audio, `t1` subtitles
 * and teletext, `d1` data. The number zero sets the base from which the others of that letter count: with `t0=100` the
 * first is 101.
 */
export type MuxPids = Readonly<Record<string, number>>;

const DEFAULTS: MuxPids = { pmt: 4095, sdt: PID_SDT, v0: 210, a0: 220, t0: 250, d0: 280 };
const NAME = /^(pmt|sdt|[vatd]\d{1,3})$/;

/** PIDs chosen for a set of tracks. */
export interface PidPlan {
  readonly pmt: number;
  readonly sdt: number;
  /** PID of each track, in the order given. */
  readonly tracks: readonly number[];
}

function letterOf(track: Track): string {
  if (track.kind === "video") return "v";
  if (track.kind === "audio") return "a";
  return track.kind === "subtitle" ? "t" : "d";
}

/** Throws `mux.pid` for a name or number that is none, so that a configuration can be refused early. */
export function checkMuxPids(pids: MuxPids): void {
  for (const [name, pid] of Object.entries(pids)) {
    if (!NAME.test(name)) throw muxError("mux.pid", `${name} is no PID name: pmt, sdt, v1, a1, t1, d1 …`);
    // The SDT may not leave the reserved range's own PIDs to chance; tracks may not enter it (EN 300 468 table 1).
    const least = name === "sdt" ? 0x10 : 0x20;
    if (!Number.isInteger(pid) || pid < least || pid >= PID_NULL) {
      throw muxError("mux.pid", `${name}=${pid}: a PID lies between ${least} and 8190`);
    }
  }
}

/**
 * Gives each track a PID. `keep`: a track out of a transport stream keeps its own where no name says otherwise. Throws
 * `mux.pids-collide` if two would get the same.
 */
export function planPids(tracks: readonly Track[], options: { pids: MuxPids; keep: boolean }): PidPlan {
  const named = options.pids;
  checkMuxPids(named);
  const counts = new Map<string, number>();
  const taken = new Set<number>();
  const claim = (pid: number, name: string) => {
    if (taken.has(pid)) throw muxError("mux.pids-collide", `${name}: PID ${pid} is taken`);
    taken.add(pid);
    return pid;
  };
  const pmt = claim(named["pmt"] ?? (DEFAULTS["pmt"] as number), "pmt");
  const sdt = claim(named["sdt"] ?? (DEFAULTS["sdt"] as number), "sdt");
  const pids = tracks.map((track) => {
    const letter = letterOf(track);
    const number = (counts.get(letter) ?? 0) + 1;
    counts.set(letter, number);
    const own = options.keep ? track.ts?.pid : undefined;
    const base = named[`${letter}0`];
    const named1 = named[`${letter}${number}`] ?? (base === undefined ? undefined : base + number);
    if (named1 !== undefined) return claim(named1, `${letter}${number}`);
    if (own !== undefined && !taken.has(own)) return claim(own, `${letter}${number}`);
    let pid = (DEFAULTS[`${letter}0`] as number) + number;
    while (taken.has(pid)) pid++;
    return claim(pid, `${letter}${number}`);
  });
  return { pmt, sdt, tracks: pids };
}
