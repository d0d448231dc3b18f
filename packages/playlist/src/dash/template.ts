import { PlaylistError } from "../errors.ts";

/** What the identifiers of a template stand for (ISO/IEC 23009-1 table 16). */
export interface TemplateValues {
  readonly representationId?: string;
  /** Bits a second. */
  readonly bandwidth?: number;
  readonly number?: number;
  /** In the timescale of the template; of the segment's beginning. */
  readonly timeTicks?: number;
  /** From 1, within a segment that comes in pieces. */
  readonly subNumber?: number;
}

const FORMATTED = /^(Number|Bandwidth|Time|SubNumber)(?:%0(\d{1,2})d)?$/;
const MAX_WIDTH = 32;

/**
 * Fills in a URL template (ISO/IEC 23009-1 §5.3.9.4.4): `$RepresentationID$`, `$Number$`, `$Time$`, `$Bandwidth$` and
 * `$SubNumber$`, the numbers with a width as `$Number%05d$`; `$$` is a dollar sign. Throws `playlist.bad-template` for
 * other identifiers, for those that have no value here, and for a single dollar sign.
 */
export function expandTemplate(template: string, values: TemplateValues): string {
  let text = "";
  let at = 0;
  for (;;) {
    const open = template.indexOf("$", at);
    if (open < 0) return text + template.slice(at);
    const close = template.indexOf("$", open + 1);
    if (close < 0)
      throw new PlaylistError("playlist.bad-template", `a single dollar sign in "${template.slice(0, 200)}"`);
    text += template.slice(at, open) + replacementOf(template.slice(open + 1, close), values);
    at = close + 1;
  }
}

function replacementOf(identifier: string, values: TemplateValues): string {
  if (identifier === "") return "$";
  if (identifier === "RepresentationID" && values.representationId !== undefined)
    return values.representationId;
  const match = FORMATTED.exec(identifier);
  const value = match === null ? undefined : numberOf(match[1] as string, values);
  const width = Number(match?.[2] ?? 1);
  if (value === undefined || width > MAX_WIDTH)
    throw new PlaylistError("playlist.bad-template", `$${identifier.slice(0, 40)}$ has no value`);
  return String(value).padStart(width, "0");
}

function numberOf(identifier: string, values: TemplateValues): number | undefined {
  if (identifier === "Number") return values.number;
  if (identifier === "Time") return values.timeTicks;
  return identifier === "Bandwidth" ? values.bandwidth : values.subNumber;
}
