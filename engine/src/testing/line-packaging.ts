import type { AccessUnit, Track } from "@millrace/model";
import type { PackagedLane, PackagedMessage, PackagedWriter, Packaging, StreamHost } from "../api.ts";
import { UnitReader } from "../lane/unit-reader.ts";

/** For tests only: a message for each unit, just its data; the header names the codecs. */
export interface LinePackagings extends PackagedLane {
  opened: number;
  disposed: number;
}

export function linePackaging(): LinePackagings {
  const format: LinePackagings = {
    lane: "lines",
    opened: 0,
    disposed: 0,
    open: (host, into) => {
      format.opened++;
      return new LinePackaging(host, into, () => format.disposed++);
    },
  };
  return format;
}

/** The header of a lane with these tracks. */
export function lineHeader(tracks: readonly Track[]): Buffer {
  return Buffer.from(`<${tracks.map(({ codec, config }) => `${codec}${config ?? ""}`).join()}>`);
}

class LinePackaging implements Packaging {
  readonly #units: UnitReader;
  readonly #into: PackagedWriter;
  readonly #onDispose: () => void;
  #video: number | undefined;

  constructor(host: StreamHost, into: PackagedWriter, onDispose: () => void) {
    const reader = host.read("units", "key");
    this.#into = into;
    this.#onDispose = onDispose;
    this.#units = new UnitReader(reader);
    this.#units.onTracks = (tracks) => {
      this.#video = tracks.find(({ kind }) => kind === "video")?.id;
      into.setHeader(lineHeader(tracks));
    };
    reader.onReadable = () => this.#pump();
    this.#pump();
  }

  dispose(): void {
    this.#units.close();
    this.#onDispose();
  }

  #pump(): void {
    for (let unit = this.#units.next(); unit !== undefined; unit = this.#units.next()) {
      this.#into.put(messageOf(unit, this.#video));
    }
  }
}

function messageOf(unit: AccessUnit, video: number | undefined): PackagedMessage {
  const { data, track, dts, pts, key, discontinuity } = unit;
  return { data, track, dts, pts, key: key && track === video, disposable: pts < dts, discontinuity };
}
