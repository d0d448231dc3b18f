import type { OptionSpec } from "@millrace/model";

/** Lines that open a port with TLS. */
const TLS_LINES = ["https", "rtmps"];

/** What may stand at the top of the file, besides what protocols and services add. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "http",
    scope: ["server"],
    type: "address",
    repeat: true,
    doc: "Port, or ADDRESS:PORT, for players, publishers and the web interface.",
    example: "http 127.0.0.1:8080;",
  },
  {
    name: "https",
    scope: ["server"],
    type: "endpoint",
    repeat: true,
    doc: "Port, or ADDRESS:PORT, for the same over TLS, with HTTP/1.1 and HTTP/2.",
    example: "https 443;",
  },
  {
    name: "certificate",
    scope: ["server", "endpoint"],
    under: TLS_LINES,
    type: "path",
    repeat: true,
    doc:
      "PEM file with a certificate, and behind it those of the authorities between. Of several the one is taken that is for the " +
      "name that a client asks for, or else the first. At the top of the file: for all ports that name none.",
    example: "certificate /etc/letsencrypt/live/example.com/fullchain.pem;",
  },
  {
    name: "certificate_key",
    scope: ["server", "endpoint"],
    under: TLS_LINES,
    type: "path",
    repeat: true,
    doc: "PEM file with the private key, one for each `certificate` in the same order; none at all where they are in the same files.",
    example: "certificate_key /etc/letsencrypt/live/example.com/privkey.pem;",
  },
  {
    name: "certificate_password",
    scope: ["server", "endpoint"],
    under: TLS_LINES,
    type: "text",
    doc: "Password of the private keys.",
  },
  {
    name: "tls_max",
    scope: ["server", "endpoint"],
    under: TLS_LINES,
    type: "word",
    choices: ["1.2", "1.3"],
    doc:
      "The newest version of TLS that is spoken: 1.3, but 1.2 on `rtmps` ports, because librtmp with GnuTLS, which is in " +
      "many encoders, fails over what version 1.3 sends first.",
    example: "tls_max 1.2;",
  },
  {
    name: "workers",
    scope: ["server"],
    type: "integer",
    min: 0,
    max: 256,
    doc: "Media threads; the number of processor cores when absent. 0 runs everything in the main thread.",
    example: "workers 4;",
  },
];
