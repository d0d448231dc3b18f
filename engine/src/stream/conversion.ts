import type { Track } from "@millrace/model";
import { Demuxer, Muxer, PACKET_SIZE, TsScanner } from "@millrace/mpegts";
import type { LaneReader } from "../lane/reader.ts";
import { UnitReader } from "../lane/unit-reader.ts";
import type { TsOutput } from "./ts-output.ts";
import type { UnitsOutput } from "./units-output.ts";

/** The one demultiplexer or multiplexer of a stream, while somebody wants the other lane. */
export interface Conversion {
  readonly from: "ts" | "units";
  close(): void;
}

/** Feeds the units lane from the ts lane. */
export class DemuxConversion implements Conversion {
  readonly from = "ts";
  readonly #reader: LaneReader;

  constructor(reader: LaneReader, into: UnitsOutput) {
    this.#reader = reader;
    const demuxer = new Demuxer({
      onTracks: (tracks: readonly Track[]) => into.setTracks(tracks),
      onUnit: (unit) => into.write(unit),
    });
    const push = (bytes: Uint8Array): void => {
      if (reader.discontinuity) demuxer.flush();
      demuxer.wallMs = reader.chunk.wallMs;
      demuxer.push(bytes, 0, bytes.length / PACKET_SIZE);
    };
    if (reader.position !== reader.view.ring.head) {
      const tables = reader.tables();
      demuxer.push(tables, 0, tables.length / PACKET_SIZE);
    }
    reader.onReadable = () => reader.drain(push);
    reader.drain(push);
  }

  close(): void {
    this.#reader.close();
  }
}

/** Feeds the ts lane from the units lane. */
export class MuxConversion implements Conversion {
  readonly from = "units";
  readonly #units: UnitReader;
  readonly #into: TsOutput;
  readonly #muxer: Muxer;
  readonly #scanner = new TsScanner();

  constructor(reader: LaneReader, into: TsOutput, serviceName: string) {
    this.#units = new UnitReader(reader);
    this.#into = into;
    this.#muxer = new Muxer({
      serviceName,
      onPackets: ({ bytes }) => this.#write(bytes),
    });
    // In the order of the units: those of the tracks before may still wait to be read.
    this.#units.onTracks = (tracks) => this.#muxer.setTracks(tracks);
    reader.onReadable = () => this.#pump();
    this.#pump();
  }

  close(): void {
    this.#units.close();
  }

  #pump(): void {
    for (let unit = this.#units.next(); unit !== undefined; unit = this.#units.next()) {
      if (unit.discontinuity) this.#into.breakHere();
      this.#muxer.push(unit);
    }
  }

  #write(bytes: Uint8Array): void {
    const count = bytes.length / PACKET_SIZE;
    this.#scanner.scan(bytes, 0, count);
    this.#into.write(this.#scanner, bytes, 0, count);
  }
}
