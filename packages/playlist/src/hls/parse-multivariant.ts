import { PlaylistError, type PlaylistProblem } from "../errors.ts";
import { AttributeReader, parseAttributes } from "./attributes.ts";
import { type Define, definedName, readDefine } from "./define.ts";
import { extraOf, pruned } from "./gathering.ts";
import { type Complain, complainInto, kindOf, type PlaylistLine, parseInteger, splitLines } from "./lines.ts";
import type { SegmentKey, StartPoint } from "./media-playlist.ts";
import type {
  ContentSteering,
  IFrameVariant,
  MultivariantPlaylist,
  Rendition,
  SessionData,
  Variant,
} from "./multivariant-playlist.ts";
import { readSegmentKey, readStart } from "./parse-media.ts";

interface Gathering {
  version?: number;
  independentSegments?: true;
  start?: StartPoint;
  contentSteering?: ContentSteering;
  readonly defines: Define[];
  readonly renditions: Rendition[];
  readonly variants: Variant[];
  readonly iFrameVariants: IFrameVariant[];
  readonly sessionData: SessionData[];
  readonly sessionKeys: SegmentKey[];
  readonly tags: string[];
  /** EXT-X-STREAM-INF that waits for its URI line. */
  pending: Omit<Variant, "uri"> | undefined;
}

/**
 * Reads a Multivariant Playlist (RFC 8216 §4.3.4). What breaks the standard is passed over and listed in `problems`;
 * tags that are not modelled are kept as lines. Throws `playlist.not-hls` for what is no Multivariant Playlist.
 */
export function parseMultivariantPlaylist(text: string, problems?: PlaylistProblem[]): MultivariantPlaylist {
  const complain = complainInto(problems);
  const lines = splitLines(text, complain);
  if (kindOf(lines) !== "multivariant")
    throw new PlaylistError("playlist.not-hls", "a Media Playlist, not a Multivariant Playlist");
  const into: Gathering = {
    defines: [],
    renditions: [],
    variants: [],
    iFrameVariants: [],
    sessionData: [],
    sessionKeys: [],
    tags: [],
    pending: undefined,
  };
  for (const line of lines) readLine(into, line, complain);
  if (into.pending !== undefined) complain(0, "EXT-X-STREAM-INF without a URI at the end");
  return pruned<MultivariantPlaylist>({
    version: into.version,
    independentSegments: into.independentSegments,
    start: into.start,
    defines: someOf(into.defines),
    contentSteering: into.contentSteering,
    renditions: someOf(into.renditions),
    variants: into.variants,
    iFrameVariants: someOf(into.iFrameVariants),
    sessionData: someOf(into.sessionData),
    sessionKeys: someOf(into.sessionKeys),
    tags: someOf(into.tags),
  });
}

function someOf<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function readLine(into: Gathering, line: PlaylistLine, complain: Complain): void {
  const from = new AttributeReader(
    line.value.includes("=") && line.tag !== ""
      ? parseAttributes(line.value, (message) => complain(line.line, message))
      : [],
  );
  switch (line.tag) {
    case "":
      if (into.pending === undefined) complain(line.line, "a URI without EXT-X-STREAM-INF");
      else into.variants.push({ ...into.pending, uri: line.value });
      into.pending = undefined;
      return;
    case "EXT-X-VERSION": {
      const version = parseInteger(line.value);
      if (version === undefined) complain(line.line, `EXT-X-VERSION "${line.value}" is no integer`);
      else into.version = version;
      return;
    }
    case "EXT-X-INDEPENDENT-SEGMENTS":
      into.independentSegments = true;
      return;
    case "EXT-X-START": {
      const start = readStart(line, complain);
      if (start !== undefined) into.start = start;
      return;
    }
    case "EXT-X-STREAM-INF":
      if (into.pending !== undefined) complain(line.line, "EXT-X-STREAM-INF without a URI before this one");
      into.pending = readVariant(from, line, complain);
      return;
    case "EXT-X-I-FRAME-STREAM-INF":
      keep(into.iFrameVariants, readIFrameVariant(from, line, complain));
      return;
    case "EXT-X-MEDIA":
      keep(into.renditions, readRendition(from, line, complain));
      return;
    case "EXT-X-DEFINE":
      keep(into.defines, readOwnDefine(into, line, complain));
      return;
    case "EXT-X-CONTENT-STEERING": {
      const steering = readContentSteering(from, line, complain);
      if (steering !== undefined) into.contentSteering = steering;
      return;
    }
    case "EXT-X-SESSION-DATA":
      keep(into.sessionData, readSessionData(from, line, complain));
      return;
    case "EXT-X-SESSION-KEY":
      keep(into.sessionKeys, readSegmentKey(from, line, complain));
      return;
    default:
      into.tags.push(line.text);
  }
}

function keep<T>(into: T[], value: T | undefined): void {
  if (value !== undefined) into.push(value);
}

const MAX_VARIABLES = 256;

function readOwnDefine(into: Gathering, line: PlaylistLine, complain: Complain): Define | undefined {
  const define = readDefine(line, complain);
  if (define === undefined) return undefined;
  const known = into.defines.some((one) => definedName(one) === definedName(define));
  if (!known && !("import" in define) && into.defines.length < MAX_VARIABLES) return define;
  complain(line.line, "EXT-X-DEFINE with IMPORT, of a name that is defined already, or of one too many");
  return undefined;
}

function readContentSteering(
  from: AttributeReader,
  line: PlaylistLine,
  complain: Complain,
): ContentSteering | undefined {
  const serverUri = from.text("SERVER-URI");
  if (serverUri === undefined) {
    complain(line.line, "EXT-X-CONTENT-STEERING without SERVER-URI");
    return undefined;
  }
  const steering = pruned<ContentSteering>({
    serverUri,
    pathwayId: from.text("PATHWAY-ID"),
    extra: undefined,
  });
  return { ...steering, ...extraOf(from) };
}

function readBase(from: AttributeReader, line: PlaylistLine, complain: Complain): Omit<IFrameVariant, "uri"> {
  const bandwidth = from.integer("BANDWIDTH");
  if (bandwidth === undefined) complain(line.line, `${line.tag} without BANDWIDTH`);
  const size = from.text("RESOLUTION");
  const match = size === undefined ? null : /^(\d{1,6})[xX](\d{1,6})$/.exec(size);
  if (size !== undefined && match === null) complain(line.line, `RESOLUTION "${size}" cannot be read`);
  const codecs = from.text("CODECS");
  return pruned<Omit<IFrameVariant, "uri">>({
    bandwidth: bandwidth ?? 0,
    averageBandwidth: from.integer("AVERAGE-BANDWIDTH"),
    scoreMillionths: from.scaled("SCORE", 1e6),
    codecs: codecs?.split(",").map((one) => one.trim()),
    supplementalCodecs: from.text("SUPPLEMENTAL-CODECS"),
    resolution: match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) },
    videoRange: from.word("VIDEO-RANGE"),
    hdcpLevel: from.word("HDCP-LEVEL"),
    allowedCpc: from.text("ALLOWED-CPC"),
    reqVideoLayout: from.text("REQ-VIDEO-LAYOUT"),
    video: from.text("VIDEO"),
    stableVariantId: from.text("STABLE-VARIANT-ID"),
    pathwayId: from.text("PATHWAY-ID"),
    extra: undefined,
  });
}

function readVariant(from: AttributeReader, line: PlaylistLine, complain: Complain): Omit<Variant, "uri"> {
  return {
    ...readBase(from, line, complain),
    ...pruned<Partial<Variant>>({
      frameRateMilliHz: from.scaled("FRAME-RATE", 1000),
      audio: from.text("AUDIO"),
      subtitles: from.text("SUBTITLES"),
      closedCaptions: from.text("CLOSED-CAPTIONS"),
      name: from.text("NAME"),
    } as { [K in keyof Partial<Variant>]: Variant[K] | undefined }),
    ...extraOf(from),
  };
}

function readIFrameVariant(
  from: AttributeReader,
  line: PlaylistLine,
  complain: Complain,
): IFrameVariant | undefined {
  const uri = from.text("URI");
  if (uri !== undefined) return { ...readBase(from, line, complain), uri, ...extraOf(from) };
  complain(line.line, "EXT-X-I-FRAME-STREAM-INF without URI");
  return undefined;
}

const RENDITION_TYPES: readonly Rendition["type"][] = ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];

function readRendition(from: AttributeReader, line: PlaylistLine, complain: Complain): Rendition | undefined {
  const typeText = from.text("TYPE");
  const type = RENDITION_TYPES.find((one) => one === typeText);
  const groupId = from.text("GROUP-ID");
  const name = from.text("NAME");
  if (type === undefined || groupId === undefined || name === undefined) {
    complain(line.line, "EXT-X-MEDIA without TYPE, GROUP-ID or NAME");
    return undefined;
  }
  const rendition = pruned<Rendition>({
    type,
    groupId,
    name,
    uri: from.text("URI"),
    language: from.text("LANGUAGE"),
    assocLanguage: from.text("ASSOC-LANGUAGE"),
    default: from.yes("DEFAULT"),
    autoselect: from.yes("AUTOSELECT"),
    forced: from.yes("FORCED"),
    instreamId: from.text("INSTREAM-ID"),
    characteristics: from.text("CHARACTERISTICS"),
    channels: from.text("CHANNELS"),
    bitDepth: from.integer("BIT-DEPTH"),
    sampleRateHz: from.integer("SAMPLE-RATE"),
    stableRenditionId: from.text("STABLE-RENDITION-ID"),
    extra: undefined,
  });
  return { ...rendition, ...extraOf(from) };
}

const SESSION_FORMATS: readonly NonNullable<SessionData["format"]>[] = ["JSON", "RAW"];

function readSessionData(
  from: AttributeReader,
  line: PlaylistLine,
  complain: Complain,
): SessionData | undefined {
  const dataId = from.text("DATA-ID");
  if (dataId === undefined) {
    complain(line.line, "EXT-X-SESSION-DATA without DATA-ID");
    return undefined;
  }
  const format = from.text("FORMAT");
  const data = pruned<SessionData>({
    dataId,
    value: from.text("VALUE"),
    uri: from.text("URI"),
    format: SESSION_FORMATS.find((one) => one === format),
    language: from.text("LANGUAGE"),
    extra: undefined,
  });
  return { ...data, ...extraOf(from) };
}
