import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
} from "node:tls";
import { MillraceError, type Options } from "@millrace/model";
import { messageOf } from "../../errors.ts";

/** The least that is spoken: what is older is deprecated (RFC 8996). */
const MIN_VERSION = "TLSv1.2";

/** Files of one certificate, in PEM. */
export interface CertificateFiles {
  /** The certificate, and behind it those of the authorities between. */
  readonly certificate: string;
  /** The private key; that file may be the same. */
  readonly key: string;
  /** Certificates of the authorities between, where they have a file of their own. */
  readonly chain?: string;
  readonly password?: string;
}

/** Where the servers that this configuration language comes from have it. */
const CUSTOMARY: CertificateFiles = {
  certificate: "/etc/flussonic/flussonic.crt",
  key: "/etc/flussonic/flussonic.key",
  chain: "/etc/flussonic/flussonic-ca.crt",
  password: "flussonic",
};

/**
 * The certificates that a port's options name, or else the server's, or else the customary one if it is there. A
 * `certificate` without a `certificate_key` has its key in the same file. Throws `bad-certificate`.
 */
export function certificateFilesOf(port: Options, server: Options): readonly CertificateFiles[] {
  const options = port["certificate"] === undefined ? server : port;
  const [certificates, keys] = [listOf(options["certificate"]), listOf(options["certificate_key"])];
  if (certificates.length === 0) {
    if (existsSync(CUSTOMARY.certificate)) return [CUSTOMARY];
    throw badCertificate("no certificate: add certificate FILE; and certificate_key FILE;");
  }
  if (keys.length > 0 && keys.length !== certificates.length)
    throw badCertificate(`${certificates.length} certificate lines, but ${keys.length} of certificate_key`);
  const password = options["certificate_password"];
  return certificates.map((certificate, i) => ({
    certificate,
    key: keys[i] ?? certificate,
    ...(typeof password === "string" ? { password } : {}),
  }));
}

function listOf(value: Options[string] | undefined): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [String(value)];
}

/** A certificate ready for use. */
export interface LoadedCertificate {
  readonly file: string;
  readonly x509: X509Certificate;
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

/** The newest version of TLS that a port speaks. */
export function maxVersionOf(port: Options, server: Options): SecureVersion {
  return (port["tls_max"] ?? server["tls_max"]) === "1.2" ? "TLSv1.2" : "TLSv1.3";
}

/** Reads the files and sees that they belong together. Throws `bad-certificate`. */
export function loadCertificate(files: CertificateFiles, maxVersion: SecureVersion): LoadedCertificate {
  const { certificate, password } = files;
  const chain = files.chain !== undefined && existsSync(files.chain) ? `\n${read(files.chain)}` : "";
  const cert = read(certificate) + chain;
  const options: SecureContextOptions = {
    cert,
    key: files.key === certificate ? cert : read(files.key),
    minVersion: MIN_VERSION,
    maxVersion,
    ...(password === undefined ? {} : { passphrase: password }),
  };
  try {
    return {
      file: certificate,
      x509: new X509Certificate(cert),
      options,
      context: createSecureContext(options),
    };
  } catch (error) {
    const what = files.key === certificate ? certificate : `${certificate} with the key ${files.key}`;
    throw badCertificate(`${what} cannot be used: ${messageOf(error)}`);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw badCertificate(`cannot read ${file}: ${messageOf(error)}`);
  }
}

function badCertificate(message: string): MillraceError {
  return new MillraceError("bad-certificate", message);
}
