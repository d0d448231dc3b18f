import { md5 } from "./hmac.ts";

/** What a server that refused `connect` says it wants. */
export type AuthDemand =
  | { readonly kind: "none" }
  /** Connect anew with this behind application and URL. */
  | { readonly kind: "retry"; readonly query: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface AuthInput {
  /** Of the refusal. */
  readonly description: string;
  readonly app: string;
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** What this connection was made with, empty for the first. */
  readonly query: string;
  readonly random: (count: number) => Uint8Array;
}

type Mode = "adobe" | "llnw";

/** HTTP's digest, as Limelight's servers want it. */
const REALM = "live";
const METHOD = "publish";
const QUALITY = "auth";
const COUNT = "00000001";

function fields(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of text.slice(0, 4096).split("&")) {
    const equals = part.indexOf("=");
    // Base64 values end in further equals signs.
    if (equals > 0) found.set(part.slice(0, equals), part.slice(equals + 1).trim());
  }
  return found;
}

function nonce(random: (count: number) => Uint8Array): string {
  return Array.from(random(4), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function adobeQuery(input: AuthInput, demand: ReadonlyMap<string, string>): string {
  const { user, password } = input;
  const opaque = demand.get("opaque") ?? "";
  const ours = nonce(input.random);
  const secret = md5(user + (demand.get("salt") ?? "") + password, "base64");
  const theirs = opaque === "" ? (demand.get("challenge") ?? "") : opaque;
  const response = md5(secret + theirs + ours, "base64");
  const query = `?authmod=adobe&user=${user}&challenge=${ours}&response=${response}`;
  return opaque === "" ? query : `${query}&opaque=${opaque}`;
}

function llnwQuery(input: AuthInput, demand: ReadonlyMap<string, string>): string {
  const { user, password } = input;
  const theirs = demand.get("nonce") ?? "";
  const ours = nonce(input.random);
  const mark = input.app.indexOf("?");
  const app = mark < 0 ? input.app : input.app.slice(0, mark);
  const path = app.includes("/") ? `/${app}` : `/${app}/_definst_`;
  const secret = md5(`${user}:${REALM}:${password}`, "hex");
  const request = md5(`${METHOD}:${path}`, "hex");
  const response = md5(`${secret}:${theirs}:${COUNT}:${ours}:${QUALITY}:${request}`, "hex");
  return `?authmod=llnw&user=${user}&nonce=${theirs}&cnonce=${ours}&nc=${COUNT}&response=${response}`;
}

function modeOf(text: string): Mode | undefined {
  if (text.includes("authmod=adobe")) return "adobe";
  return text.includes("authmod=llnw") ? "llnw" : undefined;
}

/**
 * How to answer a refusal of `connect` in the two modes that encoders know. A server first says which mode it wants,
 * then gives its challenge to a connection that names the user, and takes the response on a third connection.
 */
export function answerDemand(input: AuthInput): AuthDemand {
  const { description, user, query } = input;
  const mode = modeOf(description);
  if (mode === undefined) return { kind: "none" };
  if (user === "") return { kind: "failed", reason: "the server wants a name and password" };
  if (query.includes("&response="))
    return { kind: "failed", reason: "the server does not take name and password" };
  const asked = description.indexOf("?reason=");
  if (asked < 0) {
    if (query !== "" || !description.includes("code=403 need auth")) {
      return { kind: "failed", reason: "the server refuses without a challenge" };
    }
    return { kind: "retry", query: `?authmod=${mode}&user=${user}` };
  }
  const demand = fields(description.slice(asked + 1));
  const reason = demand.get("reason") ?? "";
  if (reason !== "needauth") return { kind: "failed", reason: `the server says ${reason.slice(0, 64)}` };
  return { kind: "retry", query: mode === "adobe" ? adobeQuery(input, demand) : llnwQuery(input, demand) };
}
