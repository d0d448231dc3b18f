import { type Box, boxesIn, findBox } from "./boxes.ts";
import { IsoProblem } from "./errors.ts";
import { BoxWriter } from "./write/box-writer.ts";

/** A cue, without its times: those are the sample's. */
export interface WebvttCue {
  /** Cue payload text, lines parted by "\n". */
  readonly text: string;
  readonly id?: string;
  /** As in the file: "line:0 align:start". */
  readonly settings?: string;
}

/**
 * A sample of a "wvtt" track (ISO/IEC 14496-30 §7.4): the cues that are shown all through its time, or an empty cue box
 * where there are none.
 */
export function webvttSample(cues: readonly WebvttCue[]): Uint8Array {
  const writer = new BoxWriter(64);
  if (cues.length === 0) writer.begin("vtte").end();
  for (const { text, id, settings } of cues) {
    writer.begin("vttc");
    if (id !== undefined && id !== "") writer.begin("iden").text(id).end();
    if (settings !== undefined && settings !== "") writer.begin("sttg").text(settings).end();
    writer.begin("payl").text(text).end().end();
  }
  return writer.done().slice();
}

const decoder = new TextDecoder();

/** Reads a sample of a "wvtt" track; undefined when its boxes do not fit. Notes between cues are passed over. */
export function parseWebvttSample(sample: Uint8Array): WebvttCue[] | undefined {
  try {
    const boxes = boxesIn(sample, 0, sample.length);
    return boxes.filter(({ type }) => type === "vttc").map((box) => readCue(sample, box));
  } catch (error) {
    if (error instanceof IsoProblem) return undefined;
    throw error;
  }
}

function readCue(sample: Uint8Array, cue: Box): WebvttCue {
  const boxes = boxesIn(sample, cue.start, cue.end);
  const textOf = (type: string): string | undefined => {
    const box = findBox(boxes, type);
    return box && decoder.decode(sample.subarray(box.start, box.end));
  };
  const id = textOf("iden");
  const settings = textOf("sttg");
  const text = textOf("payl") ?? "";
  return { text, ...(id === undefined ? {} : { id }), ...(settings === undefined ? {} : { settings }) };
}
