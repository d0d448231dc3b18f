import { renameSync, writeFileSync } from "node:fs";
import type { Details, SessionInfo } from "@millrace/model";
import { freeUdpPort, TestServer, until } from "../../e2e/kit/server.ts";

const WAIT_MS = 8000;

/** A server to which streams are added while it runs. */
export class SrtServer {
  readonly server: TestServer;
  /** Port of each global listener, by its name. */
  readonly ports: Readonly<Record<string, number>>;
  #text: string;

  private constructor(server: TestServer, ports: Readonly<Record<string, number>>, text: string) {
    this.server = server;
    this.ports = ports;
    this.#text = text;
  }

  /** Starts it with a global listener for each name, with the options given. */
  static async start(
    t: { after(stop: () => Promise<unknown>): void },
    listeners: Readonly<Record<string, string>>,
  ): Promise<SrtServer> {
    const ports: Record<string, number> = {};
    let text = "";
    for (const [name, options] of Object.entries(listeners)) {
      ports[name] = await freeUdpPort();
      text += `srt 127.0.0.1:${ports[name]} ${options};\n`;
    }
    const server = await TestServer.start(t, text);
    return new SrtServer(server, ports, text);
  }

  /** Adds a stream, and waits until it is there. */
  async add(name: string, body: string): Promise<void> {
    this.#text += `stream ${name} { hls_off; ${body} }\n`;
    // In one step: half a file could be read otherwise, and be taken for a configuration without the rest.
    const { configFile, port } = this.server;
    writeFileSync(`${configFile}.new`, `http ${port};\nworkers 2;\n${this.#text}`);
    renameSync(`${configFile}.new`, configFile);
    this.server.signal("SIGHUP");
    await until(
      `stream ${name}`,
      WAIT_MS,
      async () => (await this.server.streams()).some((stream) => stream.name === name) || undefined,
    );
  }

  /** What it logged as errors, or a worker said when it died; for the end of a suite. */
  get errors(): string[] {
    const lines = this.server.log
      .filter((line) => line.level === "error")
      .map((line) => JSON.stringify(line));
    return this.server.stderr === "" ? lines : [...lines, this.server.stderr];
  }

  /** The statistics of a viewer or publisher over SRT, once it is connected. */
  session(stream: string, kind: SessionInfo["kind"]): Promise<Details> {
    return until(
      `an SRT session (${kind}) of ${stream}`,
      WAIT_MS,
      async () =>
        (await this.server.sessions()).find(
          (each) => each.stream === stream && each.kind === kind && each.protocol === "srt",
        )?.details,
    );
  }

  /** The statistics of the only input of a stream, once its peer is connected. */
  input(stream: string): Promise<Details> {
    return until(`the SRT input of ${stream}`, WAIT_MS, async () => {
      const details = (await this.server.stream(stream)).inputs[0]?.details;
      return details?.["msRTT"] === undefined ? undefined : details;
    });
  }

  /** Those of the only push of a stream, once its peer is connected. */
  push(stream: string): Promise<Details> {
    return until(`the SRT push of ${stream}`, WAIT_MS, async () => {
      const [push] = (await this.server.stream(stream)).pushes;
      return push?.["msRTT"] !== undefined ? push : undefined;
    });
  }
}
