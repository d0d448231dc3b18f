import type { OptionSpec, Options } from "@millrace/model";

export const SESSION_TOKEN: OptionSpec = {
  name: "session_token",
  scope: ["server"],
  type: "text",
  repeat: true,
  doc:
    "`SECRET [STREAM …]`: who sends the secret as a bearer token to `POST /v1/streams/STREAM/sessions` gets a session key " +
    "for one of these streams (`PREFIX/*` for all below a prefix), or for any. With such a line SRT callers need a key.",
  example: "session_token 6yh2LkR9 news chats/*;",
};

/** One `session_token` line. */
export interface AccessToken {
  readonly secret: string;
  /** Names, and prefixes that end in `/*`; any stream when there are none. */
  readonly streams: readonly string[];
}

/** The tokens of the configuration; undefined when nobody needs a session key. */
export function readTokens(options: Options): readonly AccessToken[] | undefined {
  const lines = options[SESSION_TOKEN.name];
  if (!Array.isArray(lines)) return undefined;
  return lines.map((line) => {
    const [secret = "", ...streams] = String(line).split(/\s+/);
    return { secret, streams };
  });
}

/** Whether a token is good for a stream. */
export function covers(token: AccessToken, stream: string): boolean {
  if (token.streams.length === 0) return true;
  return token.streams.some((name) =>
    name.endsWith("/*") ? stream.startsWith(name.slice(0, -1)) : name === stream,
  );
}
