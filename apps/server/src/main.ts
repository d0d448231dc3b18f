import { readFileSync } from "node:fs";
import { type LogLevel, messageOf } from "@millrace/engine";
import { STARTER_TEXT } from "@millrace/service-config";
import { Command, Option } from "commander";
import { analyseCommand } from "./analyse/index.ts";
import { checkConfig } from "./configuration.ts";
import { createLog } from "./log.ts";
import { serve } from "./serve.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

interface ServeFlags {
  readonly config?: string;
  readonly data: string;
  readonly logLevel: LogLevel;
  readonly logFormat?: "human" | "json";
}

async function runServer(flags: ServeFlags): Promise<void> {
  const format = flags.logFormat ?? (process.stdout.isTTY ? "human" : "json");
  const log = createLog({ level: flags.logLevel, format, out: process.stdout });
  const config = flags.config === undefined ? {} : { config: flags.config };
  const served = await serve({ ...config, data: flags.data, log, version }).catch((error: unknown) => {
    log.error(messageOf(error));
    process.exit(1);
  });
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info("stopping", { signal });
    void served.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => {
    if (flags.config !== undefined) served.reload();
  });
}

function runCheck(file: string): void {
  try {
    const result = checkConfig(file);
    console.log(result.text);
    process.exitCode = result.errors > 0 ? 1 : 0;
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}

const program = new Command("millrace")
  .description(
    "Streaming media server: takes live video in over any protocol and hands it out over any other.",
  )
  .version(version, "-v, --version")
  .showHelpAfterError();

program
  .command("serve", { isDefault: true })
  .description("start the server")
  .option("-c, --config <file>", "configuration file (without one: a demo on port 8080)")
  .option("-d, --data <folder>", "folder for everything the server writes", "data")
  .addOption(
    new Option("--log-level <level>", "least level that is logged")
      .choices(["debug", "info", "warn", "error"])
      .default("info"),
  )
  .addOption(
    new Option("--log-format <format>", "human or json (default: human on a terminal)").choices([
      "human",
      "json",
    ]),
  )
  .action(runServer);

program
  .command("check")
  .description("say what is wrong with a configuration file; exit status 1 if it has errors")
  .argument("<file>", "configuration file")
  .action(runCheck);

program
  .command("analyse")
  .alias("analyze")
  .description("describe a transport stream: programs, PIDs, tables, bitrates, errors, PCR")
  .argument("<target>", "file, - for standard input, or udp://, rtp://, http://, https:// URL")
  .option("--json", "print JSON", false)
  .option("--seconds <n>", "how long to listen to a live input", Number)
  .action(async (target: string, flags: { json: boolean; seconds?: number }) => {
    try {
      await analyseCommand(target, { ...flags, stdout: process.stdout });
    } catch (error) {
      console.error(messageOf(error));
      process.exitCode = 1;
    }
  });

program
  .command("example")
  .description("print a configuration file to start from")
  .action(() => {
    process.stdout.write(STARTER_TEXT);
  });

program
  .command("version")
  .description("print the version")
  .action(() => {
    console.log(version);
  });

await program.parseAsync();
