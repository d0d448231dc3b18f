import { MillraceError } from "@millrace/model";
import { REJECTION } from "./wire/rejection.ts";

/** What the caller wants: to send the stream, to receive it, or both. */
export type StreamIdMode = "publish" | "request" | "bidirectional";

/** What a stream ID says. Values stand as they were sent, without percent-decoding; empty ones are absent. */
export interface StreamId {
  /**
   * `standard` `#!::r=name,m=publish` (docs/features/access-control.md of libsrt), `prefix` `publish:name:user:password`,
   * `login` `user|password`, `bare` a name, `none` nothing.
   */
  readonly form: "standard" | "prefix" | "login" | "bare" | "none";
  /** Without leading slashes. Slashes inside belong to it. */
  readonly name?: string;
  /** Always there in the forms `standard`, where it is `request` unless stated, and `prefix`. */
  readonly mode?: StreamIdMode;
  readonly user?: string;
  readonly password?: string;
  readonly session?: string;
  readonly host?: string;
  /** `stream`, `file`, `auth` or another's own. */
  readonly type?: string;
  /** Keys that are not standard, `password` and `token` among them. */
  readonly other: Readonly<Record<string, string>>;
}

/** A stream ID that cannot be understood. `rejection` is the code of `wire/rejection.ts` to refuse with. */
export class StreamIdProblem extends MillraceError {
  readonly rejection: number;

  constructor(rejection: number, message: string) {
    super("srt.stream-id", message);
    this.name = "StreamIdProblem";
    this.rejection = rejection;
  }
}

const STANDARD_MARK = "#!";
const FLAT_MARK = "#!::";
/** Control characters, halves of surrogate pairs, and what a decoder puts for bytes that are not UTF-8. */
const UNFIT = /[\p{Cc}\p{Cs}\ufffd]/u;
const KEY = /^[A-Za-z0-9_.-]+$/;
const MODE_OF_PREFIX: ReadonlyMap<string, StreamIdMode> = new Map([
  ["publish", "publish"],
  ["read", "request"],
  ["play", "request"],
  ["request", "request"],
]);

/** Reads a stream ID of any form. Throws `StreamIdProblem`. */
export function parseStreamId(text: string): StreamId {
  if (UNFIT.test(text)) {
    throw new StreamIdProblem(REJECTION.ROGUE, "the stream ID has control characters, or is not UTF-8");
  }
  if (text === "") return { form: "none", other: {} };
  if (text.startsWith(STANDARD_MARK)) return parseStandard(text);
  const colon = text.indexOf(":");
  const mode = colon < 0 ? undefined : MODE_OF_PREFIX.get(text.slice(0, colon));
  if (mode !== undefined) return parsePrefixed(mode, text.slice(colon + 1));
  const bar = text.indexOf("|");
  if (bar >= 0) {
    return {
      form: "login",
      ...given("user", text.slice(0, bar)),
      ...given("password", text.slice(bar + 1)),
      other: {},
    };
  }
  return { form: "bare", ...given("name", withoutSlashes(text)), other: {} };
}

function parseStandard(text: string): StreamId {
  if (!text.startsWith(FLAT_MARK)) {
    throw new StreamIdProblem(
      REJECTION.ROGUE,
      "only stream IDs of the form #!::key=value,key=value are understood",
    );
  }
  const values = new Map<string, string>();
  for (const [index, item] of text.slice(FLAT_MARK.length).split(",").entries()) {
    if (item === "") continue;
    const [key, value] = parseItem(item, index + 1);
    if (values.has(key))
      throw new StreamIdProblem(REJECTION.ROGUE, `the stream ID has the key "${key}" twice`);
    values.set(key, value);
  }
  const take = (key: string): string => {
    const value = values.get(key) ?? "";
    values.delete(key);
    return value;
  };
  return {
    form: "standard",
    ...given("name", withoutSlashes(take("r"))),
    mode: parseMode(take("m")),
    ...given("user", take("u")),
    ...given("session", take("s")),
    ...given("host", take("h")),
    ...given("type", take("t")),
    other: Object.fromEntries(values),
  };
}

/** A value may contain further equals signs, as the query of a URL does. `place` stands for the item, which may be secret. */
function parseItem(item: string, place: number): [key: string, value: string] {
  const equals = item.indexOf("=");
  const key = item.slice(0, Math.max(0, equals));
  const value = item.slice(equals + 1);
  if (!KEY.test(key)) {
    throw new StreamIdProblem(REJECTION.ROGUE, `part ${place} of the stream ID is not key=value`);
  }
  if (value.startsWith("{")) throw new StreamIdProblem(REJECTION.ROGUE, "the stream ID has nested values");
  return [key, value];
}

function parseMode(value: string): StreamIdMode {
  if (value === "publish" || value === "bidirectional") return value;
  if (value === "request" || value === "") return "request";
  throw new StreamIdProblem(REJECTION.BAD_MODE, `the stream ID has the unknown mode "${value}"`);
}

/** `name`, `name:user` or `name:user:password`; colons behind the second belong to the password. */
function parsePrefixed(mode: StreamIdMode, rest: string): StreamId {
  const [name = "", user = "", ...password] = rest.split(":");
  return {
    form: "prefix",
    ...given("name", withoutSlashes(name)),
    mode,
    ...given("user", user),
    ...given("password", password.join(":")),
    other: {},
  };
}

function withoutSlashes(name: string): string {
  return name.replace(/^\/+/, "");
}

function given<Key extends string>(key: Key, value: string): { readonly [K in Key]?: string } {
  return value === "" ? {} : ({ [key]: value } as { readonly [K in Key]?: string });
}
