import { Agent, get } from "node:http";

/**
 * Players of HLS, of the plain kind: each reloads its media playlist once a second and fetches each segment that is new to it,
 * over a connection that it keeps.
 *   hls-reader-main.ts URL PLAYERS WARMUP_SECONDS SECONDS [PATIENCE_SECONDS]
 * Output as that of `native/receivers.h`: "start" once all have had a segment and the warm-up has passed, then "end". A stall is
 * a player without a new segment for three target durations.
 */
const RELOAD_MS = 1000;
const STALL_TARGETS = 3;
/** For the first segment. */
const PATIENCE_S = "60";

const [url = "", playersText, warmUpText, secondsText, patienceText = PATIENCE_S] = process.argv.slice(2);
const playerCount = Number(playersText);

class Player {
  bytes = 0;
  bytesAtStart = 0;
  failures = 0;
  stalls = 0;
  longestGapMs = 0;
  #media = "";
  #last = "";
  #lastMs = 0;
  #targetMs = 10_000;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  async play(delayMs: number): Promise<void> {
    await pause(delayMs);
    for (;;) {
      const begun = performance.now();
      await this.#turn().catch(() => {
        this.failures += 1;
      });
      await pause(RELOAD_MS - (performance.now() - begun));
    }
  }

  begin(): void {
    this.bytesAtStart = this.bytes;
    this.stalls = this.failures = this.longestGapMs = 0;
    this.#lastMs = performance.now();
  }

  /** The time since the last segment counts too. */
  noteGap(): void {
    const gap = performance.now() - this.#lastMs;
    this.longestGapMs = Math.max(this.longestGapMs, gap);
    if (gap > STALL_TARGETS * this.#targetMs) this.stalls += 1;
  }

  async #turn(): Promise<void> {
    if (this.#media === "") {
      const text = (await this.#fetch(url)).toString();
      const isMaster = text.includes("#EXT-X-STREAM-INF");
      this.#media = isMaster ? new URL(urisOf(text)[0] ?? "", url).href : url;
    }
    const text = (await this.#fetch(this.#media)).toString();
    this.#targetMs = Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1] ?? 10) * 1000;
    const uris = urisOf(text);
    const known = uris.indexOf(this.#last);
    const fresh = known < 0 ? uris.slice(-1) : uris.slice(known + 1);
    for (const uri of fresh) {
      this.bytes += (await this.#fetch(new URL(uri, this.#media).href)).length;
      this.#last = uri;
      if (this.#lastMs > 0) this.noteGap();
      this.#lastMs = performance.now();
    }
  }

  #fetch(target: string): Promise<Buffer> {
    return new Promise((done, failed) => {
      const asked = get(target, { agent: this.#agent }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", failed);
        response.on("end", () => {
          if (response.statusCode === 200) done(Buffer.concat(parts));
          else failed(new Error(`${target}: ${response.statusCode}`));
        });
      });
      asked.on("error", failed);
    });
  }
}

const urisOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, Math.max(0, ms)));

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const players = Array.from({ length: playerCount }, () => new Player());
for (const [i, player] of players.entries()) void player.play((i * RELOAD_MS) / playerCount);
for (
  const endMs = performance.now() + Number(patienceText) * 1000;
  players.some((player) => player.bytes === 0);
  await pause(50)
)
  if (performance.now() > endMs) {
    console.error(
      `${players.filter((player) => player.bytes > 0).length} of ${playerCount} players got media`,
    );
    process.exit(1);
  }
await pause(Number(warmUpText) * 1000);
for (const player of players) player.begin();
console.log('{"event":"start"}');
const startMs = performance.now();
const cpuBefore = cpuSeconds();
await pause(Number(secondsText) * 1000);
for (const player of players) player.noteGap();
const got = players.map((player) => player.bytes - player.bytesAtStart);
const sum = (of: (player: Player) => number): number =>
  players.reduce((total, player) => total + of(player), 0);
console.log(
  JSON.stringify({
    event: "end",
    readers: playerCount,
    seconds: (performance.now() - startMs) / 1000,
    bytes: got.reduce((total, one) => total + one, 0),
    leastBytes: Math.min(...got),
    stalls: sum((player) => player.stalls),
    longestGapMs: Math.max(...players.map((player) => player.longestGapMs)),
    badLengths: sum((player) => player.failures),
    closed: 0,
    sinkCpuSeconds: cpuSeconds() - cpuBefore,
  }),
);
process.exit(0);
