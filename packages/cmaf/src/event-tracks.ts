import type { EventMessage } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";
import type { MediaClock } from "./media-clock.ts";
import type { CmafPeriod, EventRecord } from "./model.ts";

/** ANSI/SCTE 214-3 §7.3.2: the binary splice_info_section. */
const SCTE35_SCHEME = "urn:scte:scte35:2013:bin";
/** AOM "Carriage of ID3 Timed Metadata in CMAF" §2. */
const ID3_SCHEME = "https://aomedia.org/emsg/ID3";
/** EventMessageBox: the duration is not known (ISO/IEC 23009-1 §5.10.3.3.3). */
const UNKNOWN_DURATION = 0xffff_ffff;

export interface MadeEvent {
  readonly record: EventRecord;
  readonly message: EventMessage;
}

/** Turns units of data tracks into event messages. */
export class EventTracks {
  readonly #onEvent: (event: MadeEvent) => void;
  readonly #schemes = new Map<number, EventRecord["scheme"]>();
  #ids = 0;

  constructor(onEvent: (event: MadeEvent) => void) {
    this.#onEvent = onEvent;
  }

  setTracks(tracks: readonly Track[]): void {
    this.#schemes.clear();
    for (const { id, codec } of tracks)
      if (codec === "scte35" || codec === "id3") this.#schemes.set(id, codec);
  }

  has(track: number): boolean {
    return this.#schemes.has(track);
  }

  unit(unit: AccessUnit, clock: MediaClock, period: CmafPeriod | undefined): void {
    const scheme = this.#schemes.get(unit.track);
    if (scheme === undefined || period === undefined) return;
    const data = joined(unit.data);
    const id = ++this.#ids;
    const startTicks = Math.max(period.startTicks, unit.pts + clock.offset);
    const wallMs = Math.round(startTicks / 90) + period.utcOffsetMs;
    const sourceTicks = startTicks - clock.offset;
    const record: EventRecord = { id, scheme, startTicks, period: period.id, wallMs, sourceTicks, data };
    const message: EventMessage = {
      schemeIdUri: scheme === "scte35" ? SCTE35_SCHEME : ID3_SCHEME,
      value: scheme === "scte35" ? "" : "0",
      timescale: 90_000,
      presentationTime: startTicks,
      durationTicks: scheme === "scte35" ? UNKNOWN_DURATION : 0,
      id,
      data,
    };
    this.#onEvent({ record, message });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
