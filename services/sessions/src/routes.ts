import { type HttpExchange, matchPattern, type Protocol, type Runtime, refusal } from "@millrace/engine";
import type { ServerConfig, StreamConfig } from "@millrace/model";
import { tokensOf } from "./bearer.ts";
import { covers, readTokens, SESSION_TOKEN } from "./config.ts";
import { ISSUE } from "./desk.ts";
import { resourceIdOf, streamOfResource } from "./resource.ts";

/** `POST /v1/streams/STREAM/sessions`: a session key for whoever has an access token. */
export const sessions: Protocol = {
  name: "sessions",
  schemes: [],
  options: [SESSION_TOKEN],
  routes: (runtime) => [
    {
      methods: ["POST"],
      pattern: /^\/v1\/streams\/(.+)\/sessions$/,
      handle: (exchange) => issue(runtime, exchange),
    },
  ],
};

async function issue(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const { request, response } = exchange;
  const { server } = runtime;
  const tokens = readTokens(server.options);
  if (tokens === undefined)
    throw refusal("not-found", "there are no session keys: the configuration has no token");
  const given = tokensOf(request.headers.authorization, tokens);
  if (given.length === 0) {
    response.setHeader("WWW-Authenticate", "Bearer");
    throw refusal("unauthorized", "a valid access token is needed: Authorization: Bearer TOKEN");
  }
  const id = exchange.match[1] as string;
  const stream = find(server, id) ?? find(server, streamOfResource(id) ?? "");
  const name = stream?.name ?? id;
  if (!given.some((token) => covers(token, name)))
    throw refusal("forbidden", "the token is not for this stream");
  if (stream === undefined) throw refusal("not-found", `there is no stream "${id}"`);
  if (stream.disabled) throw refusal("unavailable", `stream "${stream.name}" is disabled`);
  const session = (await runtime.ask(ISSUE, stream.name)) as string;
  const body = JSON.stringify({ resource_id: resourceIdOf(stream.name), session_id: session });
  response.writeHead(201, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(body);
}

/** The stream of that name, or what a prefix or pattern would make of it. */
function find(server: ServerConfig, name: string): StreamConfig | undefined {
  return server.streams.find((stream) => stream.name === name) ?? matchPattern(server, name);
}
