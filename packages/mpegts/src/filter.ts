import type { TsFilterOptions } from "./filter-options.ts";
import {
  PID_DROPPED,
  PID_KEPT,
  PID_PCR,
  PID_READ,
  PID_REWRITTEN,
  ProgramSelection,
} from "./filter-selection.ts";
import { hasPcr, PACKET_SIZE, pcrOf, pidOf, writePcrPacket } from "./packet.ts";
import { SectionAssembler, SectionPacketizer } from "./section.ts";
import { PacketAligner, type RunHandler } from "./sync.ts";

/** Packets gathered before they are handed on. */
const OUT_PACKETS = 256;

/**
 * Takes one program, or some elementary streams, out of a transport stream. PAT and PMTs are written anew to speak of
 * what is kept; of a chosen program's SDT and EIT only its own service is left. Kept packets are not changed.
 */
export class TsProgramFilter {
  readonly #selection: ProgramSelection;
  readonly #aligner: PacketAligner;
  readonly #onRun: RunHandler;
  readonly #assemblers = new Map<number, SectionAssembler>();
  readonly #packetizers = new Map<number, SectionPacketizer>();
  readonly #out = new Uint8Array(OUT_PACKETS * PACKET_SIZE);
  #have = 0;
  /** Packets left out. */
  dropped = 0;

  /** @param onRun receives kept packets; the bytes are valid until it returns. */
  constructor(options: TsFilterOptions, onRun: RunHandler) {
    this.#selection = new ProgramSelection(options);
    this.#onRun = onRun;
    this.#aligner = new PacketAligner((buf, start, count) => this.#take(buf, start, count));
  }

  /** Complete PATs that did not have the program asked for. */
  get missing(): number {
    return this.#selection.missing;
  }

  get rubbishBytes(): number {
    return this.#aligner.rubbishBytes;
  }

  get syncLosses(): number {
    return this.#aligner.syncLosses;
  }

  /** Bytes in pieces of any size. What they complete has been handed on when this returns. */
  push(bytes: Uint8Array): void {
    this.#aligner.push(bytes);
    this.#handOn();
  }

  /** Ends the input: bytes that still waited for the rest of their packet are counted or handed on. */
  flush(): void {
    this.#aligner.flush();
    this.#handOn();
  }

  #take(buf: Uint8Array, start: number, count: number): void {
    const { actions } = this.#selection;
    const end = start + count * PACKET_SIZE;
    let runFrom = start;
    for (let at = start; at < end; at += PACKET_SIZE) {
      const pid = pidOf(buf, at);
      const action = actions[pid] as number;
      if (action === PID_KEPT) continue;
      if (action === PID_READ) {
        this.#assemble(pid, buf, at);
        continue;
      }
      this.#copy(buf, runFrom, at);
      runFrom = at + PACKET_SIZE;
      if (action === PID_DROPPED) this.dropped++;
      else if (action === PID_REWRITTEN) this.#assemble(pid, buf, at);
      else if (action === PID_PCR) this.#keepPcr(pid, buf, at);
    }
    this.#copy(buf, runFrom, end);
  }

  #assemble(pid: number, buf: Uint8Array, at: number): void {
    let assembler = this.#assemblers.get(pid);
    if (assembler === undefined) {
      assembler = new SectionAssembler((section) => this.#onSection(pid, section));
      this.#assemblers.set(pid, assembler);
    }
    assembler.push(buf, at);
  }

  #onSection(pid: number, section: Uint8Array): void {
    const selection = this.#selection;
    const passes = selection.actions[pid] === PID_READ;
    const replacement = selection.replace(pid, section);
    if (passes || replacement === undefined) return;
    let packetizer = this.#packetizers.get(pid);
    if (packetizer === undefined) {
      packetizer = new SectionPacketizer(pid);
      this.#packetizers.set(pid, packetizer);
    }
    const packets = packetizer.packetize([replacement]);
    this.#copy(packets, 0, packets.length);
  }

  #keepPcr(pid: number, buf: Uint8Array, at: number): void {
    if (!hasPcr(buf, at)) {
      this.dropped++;
      return;
    }
    this.#makeRoom();
    writePcrPacket(this.#out, this.#have, { pid, continuity: 0, pcr27: pcrOf(buf, at) });
    this.#have += PACKET_SIZE;
  }

  #copy(buf: Uint8Array, from: number, to: number): void {
    while (from < to) {
      this.#makeRoom();
      const size = Math.min(to - from, this.#out.length - this.#have);
      this.#out.set(buf.subarray(from, from + size), this.#have);
      this.#have += size;
      from += size;
    }
  }

  #makeRoom(): void {
    if (this.#have === this.#out.length) this.#handOn();
  }

  #handOn(): void {
    const count = this.#have / PACKET_SIZE;
    this.#have = 0;
    if (count > 0) this.#onRun(this.#out, 0, count);
  }
}

/** Where transport-stream bytes go, and what is counted of them. */
export interface TsTarget {
  ts(bytes: Uint8Array): void;
  count(name: string, by?: number): void;
}

/**
 * Puts a filter in front of `target`, and itself there if there is nothing to filter. Counts `filteredPackets`,
 * `programMissing`, `rubbishBytes` and `syncLosses` in the target.
 */
export function filterTs(target: TsTarget, options: TsFilterOptions | undefined): Pick<TsTarget, "ts"> {
  if (options === undefined) return target;
  const filter = new TsProgramFilter(options, (buf, start, count) => {
    target.ts(buf.subarray(start, start + count * PACKET_SIZE));
  });
  const counted = { dropped: 0, missing: 0, rubbishBytes: 0, syncLosses: 0 };
  const count = (name: string, key: keyof typeof counted): void => {
    const by = filter[key] - counted[key];
    if (by === 0) return;
    counted[key] += by;
    target.count(name, by);
  };
  return {
    ts(bytes) {
      filter.push(bytes);
      count("filteredPackets", "dropped");
      count("programMissing", "missing");
      count("rubbishBytes", "rubbishBytes");
      count("syncLosses", "syncLosses");
    },
  };
}
