import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import {
  createServer,
  type SecureContext,
  type SecureVersion,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { isDeepStrictEqual } from "node:util";
import type { EndpointConfig, Options } from "@millrace/model";
import type { Logger, TlsPorts, TlsServer } from "../../api.ts";
import { messageOf } from "../../errors.ts";
import {
  type CertificateFiles,
  certificateFilesOf,
  type LoadedCertificate,
  loadCertificate,
  maxVersionOf,
} from "./certificate-files.ts";

/** How often files are looked at, milliseconds. Looking finds what is linked anew, or lies on a network, too. */
const LOOK_MS = 3000;
const HANDSHAKE_TIMEOUT_MS = 15_000;

export interface CertificatesOptions {
  readonly log: Logger;
  /** Options of the whole server, as they are now. */
  readonly serverOptions: () => Options;
  readonly wallMs: () => number;
}

/** The certificates of all TLS ports of one worker, kept up to date with their files. */
export class Certificates implements TlsPorts {
  readonly #options: CertificatesOptions;
  readonly #followed = new Set<FollowedCertificate>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  server(endpoint: EndpointConfig, onConnection: (socket: TLSSocket) => void): TlsServer {
    const certificate = this.follow(endpoint);
    const server = createServer({ ...certificate.serverOptions, noDelay: true }, onConnection);
    certificate.attach(server);
    server.once("close", () => certificate.close());
    return { server, update: (changed) => certificate.update(changed) };
  }

  /** The certificates of one port, until they are closed. */
  follow(endpoint: EndpointConfig): FollowedCertificate {
    const followed = new FollowedCertificate(this.#options, endpoint, () => this.#leave(followed));
    this.#followed.add(followed);
    this.#timer ??= setInterval(() => void this.look(), LOOK_MS).unref();
    return followed;
  }

  /** Reads the files that are not as they were. */
  async look(): Promise<void> {
    for (const followed of [...this.#followed]) await followed.look();
  }

  #leave(followed: FollowedCertificate): void {
    this.#followed.delete(followed);
    if (this.#followed.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The certificates of one port. Those in use stay until others are good. */
export class FollowedCertificate {
  readonly #options: CertificatesOptions;
  readonly #onClose: () => void;
  #endpoint: EndpointConfig;
  #server: Server | undefined;
  #loaded: readonly LoadedCertificate[] = [];
  #files: readonly CertificateFiles[] = [];
  /** Times and sizes of the files when they were read. */
  #stamp = "";
  #version: SecureVersion | undefined;
  #problem: string | undefined;
  #closed = false;

  constructor(options: CertificatesOptions, endpoint: EndpointConfig, onClose: () => void) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#onClose = onClose;
    this.#load();
  }

  /** What the port's server needs besides `attach`. */
  get serverOptions(): TlsOptions {
    return {
      minVersion: "TLSv1.2",
      maxVersion: maxVersionOf(this.#endpoint.options, this.#options.serverOptions()),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      SNICallback: (name, found) => found(null, this.#contextFor(name)),
    };
  }

  /** The server gets the first certificate for clients that name no host (RFC 6066 §3), or an unknown one. */
  attach(server: Server): void {
    this.#server = server;
    this.#install();
  }

  update(endpoint: EndpointConfig): void {
    this.#endpoint = endpoint;
    this.#load();
  }

  async look(): Promise<void> {
    const isAsBefore = this.#problem === undefined && (await this.#stampNow()) === this.#stamp;
    if (!isAsBefore && !this.#closed) this.#load();
  }

  close(): void {
    this.#closed = true;
    this.#onClose();
  }

  #load(): void {
    const { log, serverOptions } = this.#options;
    const isFirst = this.#loaded.length === 0;
    try {
      const files = certificateFilesOf(this.#endpoint.options, serverOptions());
      // Looked at before they are read: what changes in between shows at the next look.
      const stamp = namesOf(files)
        .map((name) => stampOf(statSync(name, { throwIfNoEntry: false })))
        .join();
      const version = maxVersionOf(this.#endpoint.options, serverOptions());
      const isAsBefore = stamp === this.#stamp && version === this.#version;
      if (this.#problem === undefined && isAsBefore && isDeepStrictEqual(files, this.#files)) return;
      this.#files = files;
      this.#stamp = stamp;
      this.#version = version;
      this.#loaded = files.map((each) => loadCertificate(each, version));
      if (!isFirst || this.#problem !== undefined) log.info("certificates were read", this.#where());
      this.#problem = undefined;
      this.#warnOfExpiry();
      this.#install();
    } catch (error) {
      const problem = messageOf(error);
      const what = isFirst ? "a TLS port has no certificate" : "the certificates of a port stay the old ones";
      if (problem !== this.#problem) log.error(what, { ...this.#where(), reason: problem });
      this.#problem = problem;
    }
  }

  async #stampNow(): Promise<string> {
    const found = namesOf(this.#files).map((name) => stat(name).catch(() => undefined));
    return (await Promise.all(found)).map(stampOf).join();
  }

  #warnOfExpiry(): void {
    for (const { file, x509 } of this.#loaded) {
      if (x509.validToDate.getTime() > this.#options.wallMs()) continue;
      this.#options.log.warn("a certificate has expired", { ...this.#where(), file, expired: x509.validTo });
    }
  }

  #install(): void {
    const [first] = this.#loaded;
    if (first !== undefined) this.#server?.setSecureContext(first.options);
  }

  #contextFor(name: string): SecureContext | undefined {
    const found = this.#loaded.find(({ x509 }) => x509.checkHost(name) !== undefined) ?? this.#loaded[0];
    return found?.context;
  }

  #where(): { port: number } {
    return { port: this.#endpoint.port };
  }
}

function namesOf(files: readonly CertificateFiles[]): readonly string[] {
  return files.flatMap(({ certificate, key, chain }) => [certificate, key, chain ?? certificate]);
}

function stampOf(found: Stats | undefined): string {
  return found === undefined ? "none" : `${found.ino} ${found.size} ${found.mtimeMs}`;
}
