import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectPlain } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import type { Options } from "@millrace/model";
import { ONE, TWO } from "../../testing/certificates.ts";
import { folderFor, httpConfig, LogLines, openDoor, writeCertificate } from "../../testing/door-kit.ts";
import { http1Client } from "../../testing/http-clients.ts";
import { certificateFilesOf, loadCertificate } from "./certificate-files.ts";
import { Certificates } from "./certificates.ts";

/** The name of the certificate that a client gets, or why there is none. */
async function nameAt(port: number, servername = ""): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
  const failed = once(socket, "error").then(([error]) => `failed: ${(error as Error).message}`);
  const name = await Promise.race([
    once(socket, "secureConnect").then(() => String(socket.getPeerCertificate().subject?.CN)),
    failed,
  ]);
  socket.destroy();
  return name;
}

/** A TLS port of a protocol, that hands back what comes. */
async function protocolPort(t: TestContext, options: Options, server: Options = {}) {
  const log = new LogLines();
  const certificates = new Certificates({ log, serverOptions: () => server, wallMs: () => Date.now() });
  const sockets: TLSSocket[] = [];
  const tls = certificates.server({ port: 0, options }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  t.after(() => {
    tls.server.close();
    for (const socket of sockets) socket.destroy();
  });
  tls.server.listen(0, "127.0.0.1");
  await once(tls.server, "listening");
  return { ...tls, certificates, log, port: (tls.server.address() as AddressInfo).port };
}

function lists(...words: Options[]): Options {
  const list = (name: string) => words.flatMap((each) => each[name] as readonly string[]);
  return { certificate: list("certificate"), certificate_key: list("certificate_key") };
}

test("which files belong to a port", () => {
  const file = (name: string) => ({ certificate: name, key: name });
  const cases: [Options, Options, unknown][] = [
    [{ certificate: ["a"], certificate_key: ["b"] }, {}, [{ certificate: "a", key: "b" }]],
    [{ certificate: ["a"] }, { certificate: ["c"], certificate_key: ["d"] }, [file("a")]],
    [{}, { certificate: ["c"], certificate_key: ["d"] }, [{ certificate: "c", key: "d" }]],
    [{ certificate: ["a", "b"] }, {}, [file("a"), file("b")]],
    [{ certificate: ["a"], certificate_password: "x" }, {}, [{ ...file("a"), password: "x" }]],
  ];
  for (const [port, server, wanted] of cases) assert.deepEqual(certificateFilesOf(port, server), wanted);
  const bad: [Options, RegExp][] = [
    [{}, /^no certificate: add certificate FILE; and certificate_key FILE;$/],
    [{ certificate: ["a", "b"], certificate_key: ["c"] }, /^2 certificate lines, but 1 of certificate_key$/],
  ];
  for (const [port, message] of bad)
    assert.throws(() => certificateFilesOf(port, {}), { code: "bad-certificate", message });
});

test("files that are missing, are none, or do not belong together", (t) => {
  const folder = folderFor(t);
  writeCertificate(folder, "one", ONE);
  writeCertificate(folder, "two", TWO);
  writeFileSync(join(folder, "rubbish"), "rubbish");
  const at = (name: string): string => join(folder, name);
  const cases: [string, string, RegExp][] = [
    ["none.crt", "one.key", /^cannot read .*none\.crt: ENOENT/],
    ["one.crt", "none.key", /^cannot read .*none\.key: ENOENT/],
    ["one.crt", "two.key", /^.*one\.crt with the key .*two\.key cannot be used: .*key values mismatch/],
    ["rubbish", "one.key", /^.*rubbish with the key .* cannot be used: /],
    ["one.crt", "rubbish", /^.*one\.crt with the key .*rubbish cannot be used: /],
    ["one.crt", "one.crt", /^.*one\.crt cannot be used: /],
  ];
  for (const [certificate, key, message] of cases)
    assert.throws(() => loadCertificate({ certificate: at(certificate), key: at(key) }, "TLSv1.3"), {
      message,
    });
  writeFileSync(at("both.pem"), ONE.certificate + ONE.key);
  loadCertificate({ certificate: at("both.pem"), key: at("both.pem") }, "TLSv1.3");
});

test("the newest version is that of the port, or of the server, also after a change", async (t) => {
  const versionAt = async (port: number): Promise<string | null> => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const version = socket.getProtocol();
    socket.destroy();
    return version;
  };
  const options = writeCertificate(folderFor(t), "one", ONE);
  const newest = await protocolPort(t, options);
  assert.equal(await versionAt(newest.port), "TLSv1.3");
  newest.update({ port: newest.port, options: { ...options, tls_max: "1.2" } });
  assert.equal(await versionAt(newest.port), "TLSv1.2");
  const older = await protocolPort(t, options, { tls_max: "1.2" });
  assert.equal(await versionAt(older.port), "TLSv1.2");
  const own = await protocolPort(t, { ...options, tls_max: "1.3" }, { tls_max: "1.2" });
  assert.equal(await versionAt(own.port), "TLSv1.3");
});

test("a port of a protocol: the certificate for each name, others after a change, nobody dropped", async (t) => {
  const folder = folderFor(t);
  const one = writeCertificate(folder, "one", ONE);
  const two = writeCertificate(folder, "two", TWO);
  const { port, server, update, certificates, log } = await protocolPort(t, lists(one, two));
  const names: [string, string][] = [
    ["", "one.example"],
    ["one.example", "one.example"],
    ["two.example", "two.example"],
    ["www.two.example", "two.example"],
    ["localhost", "one.example"],
    ["elsewhere.example", "one.example"],
  ];
  for (const [asked, got] of names) assert.equal(await nameAt(port, asked), got, asked);
  const stays = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  t.after(() => stays.destroy());
  await once(stays, "secureConnect");
  update({ port, options: two });
  assert.equal(await nameAt(port, "one.example"), "two.example");
  assert.equal(await nameAt(port), "two.example");
  // The files change, at first only half: the old one serves until both fit.
  writeFileSync(join(folder, "two.crt"), ONE.certificate);
  await certificates.look();
  await certificates.look();
  assert.equal(await nameAt(port), "two.example");
  assert.equal(log.lines.filter((line) => line.includes("stay the old ones")).length, 1);
  writeFileSync(join(folder, "two.key"), ONE.key);
  await certificates.look();
  assert.equal(await nameAt(port), "one.example");
  assert.equal(await nameAt(port, "two.example"), "one.example");
  const said = log.lines.length;
  await certificates.look();
  update({ port, options: two });
  assert.equal(log.lines.length, said, "what did not change is not read again");
  stays.write("still here");
  assert.equal(String((await once(stays, "data"))[0]), "still here");
  stays.destroy();
  server.close();
  await once(server, "close");
});

test("a port without a certificate opens, says what is missing, and serves once it is there", async (t) => {
  const folder = folderFor(t);
  const words = writeCertificate(folder, "one", ONE);
  rmSync(join(folder, "one.key"));
  const { port, certificates, log } = await protocolPort(t, words);
  assert.match(
    log.lines.join(),
    /^error a TLS port has no certificate \{"port":0,"reason":"cannot read .*one\.key/,
  );
  assert.match(await nameAt(port), /^failed: /);
  writeCertificate(folder, "one", ONE);
  await certificates.look();
  assert.equal(await nameAt(port), "one.example");
  assert.equal(log.lines.length, 2);
  assert.match(log.lines[1] ?? "", /^info certificates were read/);
});

test("the server's certificates are those of ports that name none; one that has expired is said so", async (t) => {
  const words = writeCertificate(folderFor(t), "two", TWO);
  const { port } = await protocolPort(t, {}, words);
  assert.equal(await nameAt(port), "two.example");
  const log = new LogLines();
  const late = new Certificates({ log, serverOptions: () => words, wallMs: () => Date.UTC(2300, 0) });
  late.follow({ port: 7, options: {} }).close();
  assert.match(log.lines.join(), /^warn a certificate has expired \{"port":7,/);
});

test("HTTPS: HTTP/2 and HTTP/1.1 with each of several certificates", async (t) => {
  const { door, tlsPort, port } = await openDoor(t, []);
  const folder = folderFor(t);
  const options = lists(writeCertificate(folder, "one", ONE), writeCertificate(folder, "two", TWO));
  await door.apply(httpConfig([port], [{ port: tlsPort, options }]));
  for (const servername of ["one.example", "two.example"]) {
    for (const offered of [["h2", "http/1.1"], ["http/1.1"]]) {
      const target = { port: tlsPort, host: "127.0.0.1", servername, rejectUnauthorized: false };
      const socket = connect({ ...target, ALPNProtocols: offered });
      await once(socket, "secureConnect");
      assert.equal(socket.alpnProtocol, offered[0]);
      assert.equal(socket.getPeerCertificate().subject?.CN, servername);
      socket.destroy();
    }
  }
});

test("HTTPS: other words for the same port leave connections alone; TLS below 1.2 is refused", async (t) => {
  const { door, tlsPort, port } = await openDoor(t, [
    { methods: ["GET"], pattern: /^\/$/, handle: ({ response, ip }) => void response.end(`hello ${ip}`) },
  ]);
  const stays = connect({
    port: tlsPort,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  t.after(() => stays.destroy());
  await once(stays, "secureConnect");
  assert.equal(stays.alpnProtocol, "http/1.1");
  const options = writeCertificate(folderFor(t), "two", TWO);
  assert.deepEqual(await door.apply(httpConfig([port], [{ port: tlsPort, options }])), []);
  assert.equal(await nameAt(tlsPort), "two.example");
  stays.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(String((await once(stays, "data"))[0]), /^HTTP\/1\.1 200 /);
  assert.equal((await http1Client(tlsPort, { tls: true })("/")).body.toString(), "hello 127.0.0.1");
  const old = connect({
    port: tlsPort,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    maxVersion: "TLSv1.1",
    minVersion: "TLSv1",
  });
  await once(old, "error");
  const plain = connectPlain(tlsPort, "127.0.0.1");
  plain.on("error", () => {});
  plain.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  plain.resume();
  await once(plain, "close");
  assert.equal((await http1Client(port)("/")).status, 200);
});
