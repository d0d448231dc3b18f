import type { OptionSpec } from "@millrace/model";

export const USER_AGENT = {
  name: "user_agent",
  scope: ["input"],
  type: "text",
  default: "Millrace",
  doc: "The User-Agent header.",
} as const satisfies OptionSpec;
export const INSECURE = {
  name: "insecure",
  scope: ["input"],
  type: "flag",
  default: false,
  doc: "Does not verify the server's TLS certificate.",
} as const satisfies OptionSpec;
export const CONNECT_TIMEOUT = {
  name: "connect_timeout",
  scope: ["input"],
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long connecting may take, TLS included.",
} as const satisfies OptionSpec;
export const RESPONSE_TIMEOUT = {
  name: "response_timeout",
  scope: ["input"],
  type: "seconds",
  default: 10_000,
  min: 100,
  max: 600_000,
  doc: "How long the server may take to answer the request.",
} as const satisfies OptionSpec;
/** Names of options for headers begin so. */
export const HEADER_PREFIX = "header.";
const HEADER = {
  name: `${HEADER_PREFIX}*`,
  scope: ["input"],
  type: "text",
  doc: "A header to be sent with the request.",
} as const satisfies OptionSpec;

const OPTIONS = [HEADER, USER_AGENT, INSECURE, CONNECT_TIMEOUT, RESPONSE_TIMEOUT] as const;

/** What a protocol says of an option in its own words. */
type Words = Partial<Pick<OptionSpec, "doc" | "example">>;

/** Options of all inputs that ask HTTP servers; `readHttpClient` reads them. */
export function httpClientOptions(
  schemes: readonly string[],
  words: Readonly<Partial<Record<(typeof OPTIONS)[number]["name"], Words>>> = {},
): readonly OptionSpec[] {
  return OPTIONS.map((option) => ({ ...option, schemes, ...words[option.name] }));
}
