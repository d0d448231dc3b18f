import assert from "node:assert/strict";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { type Logger, MediaWorker, type Protocol, Supervisor, type Verdict } from "@millrace/engine";
import type { ServerConfig, StreamConfig } from "@millrace/model";
import { freeTcpPort } from "../../../tests/contract/index.ts";
import { SessionDesk } from "./desk.ts";
import { sessionPolicy } from "./policy.ts";
import { sessions } from "./routes.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };
const STREAM: StreamConfig = {
  name: "news",
  kind: "ondemand",
  inputs: [],
  pushes: [],
  publishEnabled: true,
  disabled: false,
  retryLimit: 10,
  clientsTimeoutMs: 60_000,
  sourceTimeoutMs: 60_000,
  options: {},
};

/** `GET /ask?…` asks in the name of SRT whether its caller may come in; the answer has the worker's number. */
const door: Protocol = {
  name: "door",
  schemes: [],
  options: [],
  routes: (runtime) => [
    {
      methods: ["GET"],
      pattern: /^\/ask$/,
      handle: async ({ query, response }) => {
        const resource = query["r"] as string;
        const kind = query["m"] === "publish" ? "publish" : "play";
        const verdict = await runtime.authorize({
          kind,
          stream: resource,
          resource,
          token: query["s"] as string,
          protocol: "srt",
          ip: "127.0.0.1",
          query,
        });
        response.end(JSON.stringify({ worker: runtime.workerIndex, verdict }));
      },
    },
  ],
};

function configOf(port: number, options: ServerConfig["options"]): ServerConfig {
  return {
    http: [{ port, host: "127.0.0.1" }],
    workers: 2,
    streams: [
      STREAM,
      { ...STREAM, name: "a/b" },
      { ...STREAM, name: "off", disabled: true },
      { ...STREAM, name: "guarded", password: "pw" },
      // A name that is the resource id of another stream.
      { ...STREAM, name: "6e657773" },
    ],
    livePrefixes: [{ ...STREAM, name: "chats" }],
    rewrites: [],
    fileLocations: [],
    options,
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Two workers in this thread, with one desk. */
class Server {
  readonly port: number;
  readonly supervisor: Supervisor;

  private constructor(port: number, options: ServerConfig["options"]) {
    const desk = new SessionDesk({
      nowMs: () => performance.now(),
      random: (into) => crypto.getRandomValues(into),
    });
    this.port = port;
    this.supervisor = new Supervisor({
      server: configOf(port, options),
      dataDir: "/nonexistent",
      log: SILENT,
      spawn: (start) => {
        new MediaWorker(start, [sessions, door], [sessionPolicy]);
        return { terminate: () => {}, onExit: () => {} };
      },
      onQuestion: async (question, argument) => desk.answer(question, argument),
    });
  }

  static async start(t: TestContext, options: ServerConfig["options"]): Promise<Server> {
    const server = new Server(await freeTcpPort(), options);
    t.after(() => server.supervisor.stop());
    await server.supervisor.start();
    return server;
  }

  ask(method: string, path: string, token?: string): Promise<Answer> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const sent = request({ method, path, headers, port: this.port, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      });
      sent.on("error", reject).end();
    });
  }

  /** Another configuration, and the answers of both workers that they have it. */
  async reload(options: ServerConfig["options"]): Promise<void> {
    this.supervisor.apply(configOf(this.port, options));
    assert.equal((await this.supervisor.report()).length, 2);
  }

  async key(stream: string, token: string): Promise<{ resource_id: string; session_id: string }> {
    const { status, body } = await this.ask(
      "POST",
      `/v1/streams/${encodeURIComponent(stream)}/sessions`,
      token,
    );
    assert.equal(status, 201, body);
    return JSON.parse(body) as { resource_id: string; session_id: string };
  }

  async enter(query: string): Promise<{ worker: number; verdict: Verdict }> {
    const { body } = await this.ask("GET", `/ask?${query}`);
    return JSON.parse(body) as { worker: number; verdict: Verdict };
  }
}

const OPTIONS = { session_token: ["all", "few news chats/*"] };

test("a key, as the manual has it", async (t) => {
  const server = await Server.start(t, OPTIONS);
  const answer = await server.ask("POST", "/v1/streams/news/sessions", "all");
  assert.equal(answer.status, 201);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.match(answer.body, /^\{"resource_id":"6e657773","session_id":"[0-9a-f]{16}"\}$/);

  await t.test("streams by name, by resource id, under a prefix", async () => {
    assert.equal((await server.key("a/b", "all")).resource_id, "612f62");
    assert.equal((await server.key("612f62", "all")).resource_id, "612f62");
    assert.equal((await server.key("chats/one", "few")).resource_id, "63686174732f6f6e65");
    assert.equal((await server.key("news", "few")).resource_id, "6e657773");
    // A name comes before a resource id.
    assert.equal((await server.key("6e657773", "all")).resource_id, "3665363537373733");
  });

  const refused: readonly (readonly [
    method: string,
    path: string,
    token: string | undefined,
    status: number,
  ])[] = [
    ["POST", "/v1/streams/news/sessions", undefined, 401],
    ["POST", "/v1/streams/news/sessions", "wrong", 401],
    ["POST", "/v1/streams/nope/sessions", "wrong", 401],
    ["POST", "/v1/streams/nope/sessions", "all", 404],
    ["POST", "/v1/streams/6e6f7065/sessions", "all", 404],
    ["POST", "/v1/streams/a%2Fb/sessions", "few", 403],
    ["POST", "/v1/streams/nope/sessions", "few", 403],
    ["POST", "/v1/streams/off/sessions", "all", 503],
    ["GET", "/v1/streams/news/sessions", "all", 405],
    ["POST", "/v1/streams//sessions", "all", 404],
  ];
  for (const [method, path, token, status] of refused) {
    await t.test(`${method} ${path} with token ${token ?? "(none)"}: ${status}`, async () => {
      const { headers, ...got } = await server.ask(method, path, token);
      assert.equal(got.status, status, got.body);
      assert.equal(headers["www-authenticate"], status === 401 ? "Bearer" : undefined);
      if (status === 405) assert.equal(headers["allow"], "POST");
    });
  }
});

test("a key is good in whichever worker, once", async (t) => {
  const server = await Server.start(t, OPTIONS);
  const workers = new Set<number>();
  for (let i = 0; i < 100 && workers.size < 2; i++) {
    const { resource_id: r, session_id: s } = await server.key("news", "all");
    const first = await server.enter(`r=${r}&s=${s}`);
    assert.deepEqual(first.verdict, { ok: true, stream: "news" });
    workers.add(first.worker);
    const second = await server.enter(`r=${r}&s=${s}`);
    assert.ok(!second.verdict.ok && second.verdict.reason === "forbidden");
  }
  assert.equal(workers.size, 2);
});

test("a publish password is asked for all the same, of the stream that is meant", async (t) => {
  const server = await Server.start(t, OPTIONS);
  const take = () => server.key("guarded", "all");
  const { resource_id: r, session_id: s } = await take();
  const { verdict } = await server.enter(`m=publish&r=${r}&s=${s}`);
  assert.ok(!verdict.ok && verdict.reason === "forbidden" && /password/.test(verdict.text ?? ""));
  const next = await take();
  const good = await server.enter(`m=publish&r=${r}&s=${next.session_id}&password=pw`);
  assert.deepEqual(good.verdict, { ok: true, stream: "guarded" });
});

test("tokens come and go with a reload", async (t) => {
  const server = await Server.start(t, {});
  assert.equal((await server.ask("POST", "/v1/streams/news/sessions", "all")).status, 404);
  assert.deepEqual((await server.enter("r=news&s=x")).verdict, { ok: true });
  await server.reload(OPTIONS);
  const { resource_id: r, session_id: s } = await server.key("news", "all");
  assert.equal((await server.enter("r=news&s=x")).verdict.ok, false);
  await server.reload({ session_token: ["new"] });
  assert.equal((await server.ask("POST", "/v1/streams/news/sessions", "all")).status, 401);
  assert.deepEqual((await server.enter(`r=${r}&s=${s}`)).verdict, { ok: true, stream: "news" });
});
