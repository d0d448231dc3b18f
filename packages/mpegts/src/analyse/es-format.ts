import type { AudioFormat, VideoFormat } from "@millrace/model";

/** What the headers of an elementary stream say. */
export interface EsFormat {
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
  /** One line for people: "High@4.0 1920x1080i25". */
  readonly text: string;
}

/** Looks for headers in the payload of one PES packet; `name` is what the PMT's entry is called. */
export type EsProbe = (bytes: Uint8Array, name: string) => EsFormat | undefined;
