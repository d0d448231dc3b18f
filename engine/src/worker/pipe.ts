import type { AccessUnit, LaneName, Track } from "@millrace/model";
import type { Source, StreamWriter } from "../api.ts";
import type { LaneReader } from "../lane/reader.ts";
import { UnitReader } from "../lane/unit-reader.ts";

/** A source that reads what a publisher's worker writes into a lane of its own. */
export class PipeSource implements Source {
  readonly lane: LaneName;
  readonly #reader: LaneReader;

  constructor(reader: LaneReader) {
    this.#reader = reader;
    this.lane = reader.lane === "units" ? "units" : "ts";
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const reader = this.#reader;
    const read = this.lane === "units" ? unitsPump(reader, into) : tsPump(reader, into);
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        read.close();
        resolve();
      };
      const pump = (): void => {
        read.pump();
        if (reader.ended) done();
      };
      signal.addEventListener("abort", done, { once: true });
      reader.onReadable = pump;
      pump();
      if (signal.aborted) done();
    });
  }
}

interface Pump {
  pump(): void;
  close(): void;
}

function tsPump(reader: LaneReader, into: StreamWriter): Pump {
  const take = (bytes: Uint8Array): void => into.ts(bytes);
  return { pump: () => reader.drain(take), close: () => reader.close() };
}

function unitsPump(reader: LaneReader, into: StreamWriter): Pump {
  const units = new UnitReader(reader);
  units.onTracks = (tracks) => into.setTracks(tracks);
  const pump = (): void => {
    for (let unit = units.next(); unit !== undefined; unit = units.next()) {
      if (units.broke) into.discontinuity();
      into.unit(unit);
    }
  };
  return { pump, close: () => units.close() };
}

/** A source fed by a publisher whose connection the stream's own worker serves: nothing lies in between. */
export class DirectSource implements Source {
  readonly lane: LaneName;
  #into: StreamWriter | undefined;
  #finish: (() => void) | undefined;
  /** The stream wants no more, or the publisher ended. */
  onEnd: (() => void) | undefined;

  constructor(lane: LaneName) {
    this.lane = lane;
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        this.#into = undefined;
        this.#finish = undefined;
        resolve();
        this.onEnd?.();
      };
      this.#into = into;
      this.#finish = done;
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  ts(bytes: Uint8Array): void {
    this.#into?.ts(bytes);
  }

  setTracks(tracks: readonly Track[]): void {
    this.#into?.setTracks(tracks);
  }

  unit(unit: AccessUnit): void {
    this.#into?.unit(unit);
  }

  discontinuity(): void {
    this.#into?.discontinuity();
  }

  end(): void {
    this.#finish?.();
  }
}
