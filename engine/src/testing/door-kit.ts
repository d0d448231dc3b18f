import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { EndpointConfig, Options, ServerConfig } from "@millrace/model";
import { freeTcpPort } from "../../../tests/contract/index.ts";
import type { Logger } from "../api.ts";
import { HttpDoor } from "../http/door.ts";
import type { Adopter } from "../http/first-bytes.ts";
import type { HttpRoute } from "../http/route.ts";
import { Certificates } from "../http/tls/certificates.ts";
import { ONE, type TestCertificate } from "./certificates.ts";

/** For tests only: keeps what is logged. */
export class LogLines implements Logger {
  readonly lines: string[] = [];

  debug(): void {}

  info(message: string, fields?: object): void {
    this.lines.push(`info ${message} ${JSON.stringify(fields ?? {})}`);
  }

  warn(message: string, fields?: object): void {
    this.lines.push(`warn ${message} ${JSON.stringify(fields ?? {})}`);
  }

  error(message: string, fields?: object): void {
    this.lines.push(`error ${message} ${JSON.stringify(fields ?? {})}`);
  }

  child(): Logger {
    return this;
  }
}

export function httpConfig(http: readonly number[], https: readonly EndpointConfig[] = []): ServerConfig {
  const lists = { streams: [], livePrefixes: [], rewrites: [], fileLocations: [] };
  return { http: http.map((port) => ({ port })), workers: 1, ...lists, options: {}, ports: { https } };
}

/** A folder that goes with the test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a certificate and its key, and gives the words that name them. */
export function writeCertificate(
  folder: string,
  name: string,
  { certificate, key }: TestCertificate,
): Options {
  const files = {
    certificate: [join(folder, `${name}.crt`)],
    certificate_key: [join(folder, `${name}.key`)],
  };
  writeFileSync(files.certificate[0] as string, certificate);
  writeFileSync(files.certificate_key[0] as string, key);
  return files;
}

export interface OpenDoor {
  readonly door: HttpDoor;
  readonly log: LogLines;
  readonly certificates: Certificates;
  readonly port: number;
  readonly tlsPort: number;
}

/** An HTTP port and an HTTPS port in this thread. */
export async function openDoor(
  t: TestContext,
  routes: readonly HttpRoute[],
  adopters: readonly Adopter[] = [],
): Promise<OpenDoor> {
  const log = new LogLines();
  const certificates = new Certificates({ log, serverOptions: () => ({}), wallMs: () => Date.now() });
  const door = new HttpDoor({ log, certificates, makeRoutes: () => routes, adopters });
  const [port, tlsPort] = [await freeTcpPort(), await freeTcpPort()];
  const options = writeCertificate(folderFor(t), "one", ONE);
  t.after(() => door.close());
  assert.deepEqual(await door.apply(httpConfig([port], [{ port: tlsPort, options }])), []);
  return { door, log, certificates, port, tlsPort };
}
