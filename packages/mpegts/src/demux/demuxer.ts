import { equalBytes } from "@millrace/bytes";
import { emptyPictureInfo } from "@millrace/codec";
import type { AccessUnit, Track } from "@millrace/model";
import { hasPcr, hasTransportError, PACKET_SIZE, PID_COUNT, PID_NULL, readPcrBase } from "../packet.ts";
import { type ProgramInfo, ProgramTables, primaryProgram } from "../program-tables.ts";
import type { PmtStream } from "../psi.ts";
import { SectionAssembler } from "../section.ts";
import { codingOf, type StreamCoding } from "../stream-type.ts";
import { Timeline } from "../ts-time.ts";
import { AudioFramer } from "./audio-framer.ts";
import { audioSyntax, RELATED, sniffAudio } from "./audio-syntax.ts";
import {
  type DemuxCounters,
  type DemuxHost,
  ElementaryStream,
  type ProgramClock,
} from "./elementary-stream.ts";
import type { Framer } from "./framer.ts";
import { LatmFramer } from "./latm-framer.ts";
import { Mpeg2Syntax } from "./mpeg2-syntax.ts";
import { H264Syntax, H265Syntax } from "./nal-syntax.ts";
import { trackOf } from "./track.ts";
import { VideoFramer } from "./video-framer.ts";
import { WholeFramer } from "./whole-framer.ts";

export interface DemuxerOptions {
  /**
   * The tracks, in the order of the PMT: called when they are first known, when the PMT changes, and each time the headers
   * in the media tell more about one (its configuration, say). Before the first unit to which the change applies.
   */
  onTracks(tracks: readonly Track[]): void;
  /** One access unit, a fresh object. Its `data` is memory of the demuxer and valid until the call returns: copy it. */
  onUnit(unit: AccessUnit): void;
  /** Program number to take, or all programs. By default the first with video, else the first with audio. */
  readonly program?: number | "all";
  /** Take these PIDs only. */
  readonly pids?: readonly number[];
}

const ROLE_TABLE = 1;
const ROLE_STREAM = 2;
const ROLE_SECTIONS = 4;
const ROLE_PCR = 8;

/** One entry of a PMT that is taken apart. */
interface Taken {
  readonly entry: PmtStream;
  readonly program: ProgramInfo;
  /** By the PMT. */
  readonly coding: StreamCoding;
  readonly stream: ElementaryStream | undefined;
  readonly sections: SectionAssembler | undefined;
}

/**
 * Takes a transport stream apart into access units (see `AccessUnit` for what their bytes are). Follows changes of PAT and
 * PMT, counts damage and goes on. Give it aligned packets.
 */
export class Demuxer implements DemuxHost {
  readonly #options: DemuxerOptions;
  readonly #tables = new ProgramTables();
  readonly #roles = new Uint8Array(PID_COUNT);
  /** Index into `#taken` by PID. */
  readonly #slots = new Uint16Array(PID_COUNT);
  readonly #clocks = new Map<number, ProgramClock>();
  #taken: Taken[] = [];

  /** UTC, milliseconds: set it before `push`; units carry it. */
  wallMs = 0;
  readonly counters: DemuxCounters = {
    packets: 0,
    ccErrors: 0,
    teiPackets: 0,
    scrambledPackets: 0,
    pesErrors: 0,
    pesLengthErrors: 0,
    damagedUnits: 0,
    droppedUnits: 0,
    rubbishBytes: 0,
    timelineBreaks: 0,
    units: 0,
  };

  constructor(options: DemuxerOptions) {
    this.#options = options;
    this.#assignRoles();
  }

  /** The tracks as last told to `onTracks`. */
  get tracks(): readonly Track[] {
    return this.#taken.map(({ entry, program, coding, stream }) =>
      trackOf(entry, program.number, {
        coding: stream?.coding ?? coding,
        details: stream?.framer.details() ?? {},
      }),
    );
  }

  /** Programs of the PAT with their PMTs. */
  get programs(): readonly ProgramInfo[] {
    return this.#tables.programs;
  }

  /** Takes `count` packets at `buf[start]`. */
  push(buf: Uint8Array, start: number, count: number): void {
    const roles = this.#roles;
    const end = start + count * PACKET_SIZE;
    this.counters.packets += count;
    for (let at = start; at < end; at += PACKET_SIZE) {
      const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
      const role = roles[pid] as number;
      if (role === 0) continue;
      if (hasTransportError(buf, at)) {
        this.counters.teiPackets++;
        continue;
      }
      if ((role & ROLE_PCR) !== 0 && hasPcr(buf, at)) this.#onPcr(buf, at, pid);
      if ((role & ROLE_STREAM) !== 0) {
        (this.#taken[this.#slots[pid] as number] as Taken).stream?.push(buf, at);
      } else if ((role & ROLE_SECTIONS) !== 0) {
        (this.#taken[this.#slots[pid] as number] as Taken).sections?.push(buf, at);
      } else if ((role & ROLE_TABLE) !== 0 && this.#tables.push(buf, at, pid)) this.#reconfigure();
    }
  }

  /** End of input: hands on what is left in the buffers. Tables stay known; the next packets count as a new start. */
  flush(): void {
    for (const { stream, sections } of this.#taken) {
      stream?.flush();
      sections?.reset();
    }
  }

  /** For framers. */
  deliver(unit: AccessUnit): void {
    this.#options.onUnit(unit);
  }

  /** For streams. */
  sniff(stream: ElementaryStream, buf: Uint8Array, from: number): void {
    const { codec, framing, kind } = stream.coding;
    if (kind !== "audio") {
      stream.sniffed = true;
      return;
    }
    const found = sniffAudio(buf, from);
    if (found === undefined) return; // in the middle of a frame: the next PES packet may tell
    stream.sniffed = true;
    if (found.codec === codec && found.framing === framing) return;
    if (!RELATED.has(codec)) return;
    stream.coding = found;
    stream.clear();
    stream.framer = framerOf(stream, new Uint8Array(0));
    this.trackChanged();
  }

  /** For framers. */
  trackChanged(): void {
    this.#options.onTracks(this.tracks);
  }

  #onPcr(buf: Uint8Array, at: number, pid: number): void {
    const base = readPcrBase(buf, at + 6);
    for (const program of this.#tables.programs) {
      if (program.pcrPid !== pid) continue;
      const clock = this.#clocks.get(program.number);
      if (clock === undefined) continue;
      clock.pcrTicks = clock.timeline.known ? clock.timeline.locate(base) : clock.timeline.unwrap(base);
    }
  }

  #chosenPrograms(): readonly ProgramInfo[] {
    const programs = this.#tables.programs;
    const { program } = this.#options;
    if (program === "all") return programs;
    if (program !== undefined) return programs.filter(({ number }) => number === program);
    const primary = primaryProgram(programs);
    return primary === undefined ? [] : [primary];
  }

  /** PAT or PMT changed: streams that stay as they are go on, others end, new ones begin. */
  #reconfigure(): void {
    const before = this.#taken;
    const after: Taken[] = [];
    const seen = new Set<number>();
    for (const program of this.#chosenPrograms()) {
      for (const entry of program.streams) {
        if (this.#options.pids?.includes(entry.pid) === false || seen.has(entry.pid)) continue;
        const coding = codingOf(entry);
        // Sections other than SCTE-35 (HbbTV, carousels) are no media.
        if (coding.framing === "sections" && coding.codec !== "scte35") continue;
        seen.add(entry.pid);
        const same = before.find((taken) => isSame(taken, entry, program));
        after.push(same === undefined ? this.#take(entry, program, coding) : { ...same, entry, program });
      }
    }
    for (const old of before) {
      if (after.some((taken) => taken.stream === old.stream && taken.sections === old.sections)) continue;
      old.stream?.flush();
      const next = after.find(({ entry }) => entry.pid === old.entry.pid);
      if (next?.stream !== undefined) next.stream.discontinuity = true;
    }
    this.#taken = after;
    this.#assignRoles();
    this.#options.onTracks(this.tracks);
  }

  #take(entry: PmtStream, program: ProgramInfo, coding: StreamCoding): Taken {
    let clock = this.#clocks.get(program.number);
    if (clock === undefined) {
      clock = { timeline: new Timeline(), pcrTicks: Number.NaN };
      this.#clocks.set(program.number, clock);
    }
    const own = clock;
    if (coding.framing === "sections") {
      const sections = new SectionAssembler((section) => this.#onSection(entry.pid, own, section));
      return { entry, program, coding, stream: undefined, sections };
    }
    const stream = new ElementaryStream({ pid: entry.pid, coding, host: this, clock });
    stream.framer = framerOf(stream, entry.descriptors);
    return { entry, program, coding, stream, sections: undefined };
  }

  /** Sections carry no time stamp in the transport: they get the program's clock. */
  #onSection(pid: number, clock: ProgramClock, section: Uint8Array): void {
    const pts = Number.isNaN(clock.pcrTicks) ? clock.timeline.reference : clock.pcrTicks;
    if (Number.isNaN(pts)) {
      this.counters.droppedUnits++;
      return;
    }
    this.counters.units++;
    const unit = {
      track: pid,
      pts,
      dts: pts,
      key: true,
      discontinuity: false,
      data: [section],
      wallMs: this.wallMs,
    };
    this.#options.onUnit(unit);
  }

  #assignRoles(): void {
    const roles = this.#roles;
    roles.fill(0);
    for (const pid of this.#tables.tablePids()) roles[pid] = ROLE_TABLE;
    this.#taken.forEach(({ entry, stream, program }, i) => {
      roles[entry.pid] = stream === undefined ? ROLE_SECTIONS : ROLE_STREAM;
      this.#slots[entry.pid] = i;
      if (program.pcrPid !== PID_NULL) roles[program.pcrPid] = (roles[program.pcrPid] as number) | ROLE_PCR;
    });
  }
}

function isSame(taken: Taken, entry: PmtStream, program: ProgramInfo): boolean {
  const old = taken.entry;
  return (
    old.pid === entry.pid &&
    old.streamType === entry.streamType &&
    taken.program.number === program.number &&
    equalBytes(old.descriptors, entry.descriptors)
  );
}

function framerOf(stream: ElementaryStream, descriptors: Uint8Array): Framer {
  const { codec, framing } = stream.coding;
  switch (codec) {
    case "h264":
      return new VideoFramer(stream, new H264Syntax(), emptyPictureInfo());
    case "h265":
      return new VideoFramer(stream, new H265Syntax(), emptyPictureInfo());
    case "mpeg1video":
    case "mpeg2video":
      return new VideoFramer(stream, new Mpeg2Syntax(), emptyPictureInfo());
    default: {
      if (framing === "latm") return new LatmFramer(stream);
      const syntax = audioSyntax(codec, descriptors);
      return syntax === undefined ? new WholeFramer(stream) : new AudioFramer(stream, syntax);
    }
  }
}
