/** An attribute with the type that its spelling gives it (RFC 8216 §4.2). */
export interface StrictAttribute {
  readonly name: string;
  readonly value: string;
  readonly type: AttributeType;
}

export type AttributeType = "integer" | "hex" | "decimal" | "signed" | "string" | "word" | "resolution";

const ONE = /^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)/;

/** An attribute list by the grammar, to the letter; the rest that does not match it is `rubbish`. */
export function readAttributeList(text: string): { attributes: StrictAttribute[]; rubbish: string } {
  const attributes: StrictAttribute[] = [];
  let rest = text;
  while (rest !== "") {
    const match = ONE.exec(rest);
    if (match === null) return { attributes, rubbish: rest };
    const [all, name, value] = match as unknown as [string, string, string];
    const quoted = value.startsWith('"');
    attributes.push({ name, value: quoted ? value.slice(1, -1) : value, type: typeOf(value) });
    rest = rest.slice(all.length);
    // A comma promises another attribute.
    if (rest === "" && all.endsWith(",")) return { attributes, rubbish: "," };
  }
  return { attributes, rubbish: "" };
}

function typeOf(value: string): AttributeType {
  if (value.startsWith('"')) return "string";
  if (/^\d{1,20}$/.test(value)) return "integer";
  if (/^0[xX][0-9A-Fa-f]+$/.test(value)) return "hex";
  if (/^\d+x\d+$/.test(value)) return "resolution";
  if (/^\d*\.\d+$/.test(value)) return "decimal";
  if (/^-\d*\.?\d+$/.test(value)) return "signed";
  return "word";
}

/** Whether a value of one spelling can stand where another type is asked for: integers are decimals too. */
export function fits(type: AttributeType, wanted: AttributeType): boolean {
  if (type === wanted) return true;
  if (wanted === "decimal") return type === "integer";
  if (wanted === "signed") return type === "integer" || type === "decimal";
  // Enumerated strings may look like numbers.
  return wanted === "word" && type !== "string";
}

/** Attributes of each tag that has a list: type, and `!` behind it where required. */
export const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "EXT-X-KEY": {
    METHOD: "word!",
    URI: "string",
    IV: "hex",
    KEYFORMAT: "string",
    KEYFORMATVERSIONS: "string",
  },
  "EXT-X-SESSION-KEY": {
    METHOD: "word!",
    URI: "string!",
    IV: "hex",
    KEYFORMAT: "string",
    KEYFORMATVERSIONS: "string",
  },
  "EXT-X-MAP": { URI: "string!", BYTERANGE: "string" },
  "EXT-X-START": { "TIME-OFFSET": "signed!", PRECISE: "word" },
  "EXT-X-DATERANGE": {
    ID: "string!",
    CLASS: "string",
    "START-DATE": "string",
    CUE: "string",
    "END-DATE": "string",
    DURATION: "decimal",
    "PLANNED-DURATION": "decimal",
    "SCTE35-CMD": "hex",
    "SCTE35-OUT": "hex",
    "SCTE35-IN": "hex",
    "END-ON-NEXT": "word",
  },
  "EXT-X-MEDIA": {
    TYPE: "word!",
    "GROUP-ID": "string!",
    NAME: "string!",
    URI: "string",
    LANGUAGE: "string",
    "ASSOC-LANGUAGE": "string",
    DEFAULT: "word",
    AUTOSELECT: "word",
    FORCED: "word",
    "INSTREAM-ID": "string",
    CHARACTERISTICS: "string",
    CHANNELS: "string",
    "STABLE-RENDITION-ID": "string",
  },
  "EXT-X-STREAM-INF": {
    BANDWIDTH: "integer!",
    "AVERAGE-BANDWIDTH": "integer",
    CODECS: "string",
    "SUPPLEMENTAL-CODECS": "string",
    RESOLUTION: "resolution",
    "FRAME-RATE": "decimal",
    "HDCP-LEVEL": "word",
    "VIDEO-RANGE": "word",
    AUDIO: "string",
    VIDEO: "string",
    SUBTITLES: "string",
    "STABLE-VARIANT-ID": "string",
    "PATHWAY-ID": "string",
  },
  "EXT-X-I-FRAME-STREAM-INF": {
    BANDWIDTH: "integer!",
    "AVERAGE-BANDWIDTH": "integer",
    CODECS: "string",
    RESOLUTION: "resolution",
    "HDCP-LEVEL": "word",
    "VIDEO-RANGE": "word",
    VIDEO: "string",
    URI: "string!",
  },
  "EXT-X-SESSION-DATA": { "DATA-ID": "string!", VALUE: "string", URI: "string", LANGUAGE: "string" },
};
