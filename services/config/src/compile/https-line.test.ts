import assert from "node:assert/strict";
import { test } from "node:test";
import { problemLine } from "../problem.ts";
import { registryOf } from "../registry.ts";
import { sourceOf } from "../source.ts";
import { compile } from "./compile.ts";

const REGISTRY = registryOf([
  { options: [{ name: "rtmps", scope: ["server"], type: "endpoint", repeat: true, doc: "" }] },
  { options: [{ name: "calls", scope: ["server"], type: "endpoint", transport: "udp", doc: "" }] },
]);

function compileText(text: string, missing: readonly string[] = []) {
  const environment = { cpus: 1, exists: (file: string) => !missing.includes(file) };
  const { config, problems } = compile(sourceOf(text, "/etc/millrace/m.conf"), REGISTRY, environment);
  return { config, said: problems.map(problemLine), problems };
}

test("ports with TLS and their certificates, for all and for one", () => {
  const { config, said } = compileText(`
    certificate all.crt;
    certificate_key keys/all.key;
    https 443;
    https 127.0.0.1:8443 {
      certificate /a.crt; certificate_key /a.key;
      certificate /b.crt; certificate_key ../b.key;
      certificate_password "two words";
    }
    rtmps 1936 certificate=/c.pem;
  `);
  assert.deepEqual(said, []);
  assert.deepEqual(config.options, {
    certificate: ["/etc/millrace/all.crt"],
    certificate_key: ["/etc/millrace/keys/all.key"],
  });
  assert.deepEqual(config.ports, {
    https: [
      { port: 443, options: {} },
      {
        host: "127.0.0.1",
        port: 8443,
        options: {
          certificate: ["/a.crt", "/b.crt"],
          certificate_key: ["/a.key", "/etc/b.key"],
          certificate_password: "two words",
        },
      },
    ],
    rtmps: [{ port: 1936, options: { certificate: ["/c.pem"] } }],
  });
});

test("a file that is not there is a warning, as it may come", () => {
  const { problems, said, config } = compileText("https 443 { certificate a.crt; }", ["/etc/millrace/a.crt"]);
  assert.deepEqual(said, [
    '/etc/millrace/m.conf:1:25: the file of "certificate" is not there: /etc/millrace/a.crt',
  ]);
  assert.equal(problems[0]?.severity, "warning");
  assert.deepEqual(config.ports?.["https"]?.[0]?.options, { certificate: ["/etc/millrace/a.crt"] });
});

test("what does not belong where it stands", () => {
  const cases: [string, RegExp][] = [
    ["calls 9 certificate=a;", /unknown option "certificate" of "calls"/],
    ["http 80; https 80;", /:1:16: port 80 is opened by "http" already/],
    ["https 1.2.3.4:80; rtmps 1.2.3.4:80;", /port 1\.2\.3\.4:80 is opened by "https" already/],
    ["https 80; https 80;", /"https 80" is given twice/],
    ["certificate;", /"certificate" needs a value: expected a file name/],
    ["stream a { certificate b; }", /certificate/],
  ];
  for (const [text, wanted] of cases) assert.match(compileText(text).said.join(), wanted, text);
  assert.deepEqual(compileText("http 80; calls 80; https 81;").said, []);
});
