import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { PLAYERS, type PlayerName, PlayerPage, type PlayerState } from "./kit/dash-players.ts";
import { startEncoder } from "./kit/encoder.ts";

const START_MS = 40_000;
/** So much has to be played. */
const PLAYED_S = 20;
/** Behind the live edge at low latency, on a machine that has other things to do, too. */
const LATENCY_S = 5;

/** Waits until so many seconds were played since `from`. */
function played(page: PlayerPage, from: number, seconds: number): Promise<PlayerState> {
  return until(`${seconds} s to be played`, START_MS + seconds * 3000, async () => {
    const state = await page.state();
    return state.time - from >= seconds ? state : undefined;
  });
}

function begun(page: PlayerPage): Promise<PlayerState> {
  return until("it to play", START_MS, async () => {
    const state = await page.state();
    return state.readyState >= 3 && state.time > 0 ? state : undefined;
  });
}

for (const player of PLAYERS) {
  for (const [mpd, lowLatency] of [
    ["index.mpd", false],
    ["index.mpd?template=number", false],
    ["index.ll.mpd", true],
  ] as const) {
    test(`${player} plays ${mpd} for ${PLAYED_S} s without an error`, async (t) => {
      if (!needs(t, "ffmpeg")) return;
      const server = await TestServer.start(t, "stream live { publish_enabled; }");
      startEncoder(t, { video: "h264", audio: "aac" }, publishing(server));
      const url = server.url(`/live/${mpd}`);
      await until("an MPD", START_MS, async () => ((await fetch(url)).ok ? true : undefined));
      const page = await PlayerPage.open(t, { player, url, lowLatency });
      if (page === undefined) return;
      const { time } = await begun(page);
      const state = await played(page, time, PLAYED_S);
      assert.deepEqual(state.errors, []);
      if (!lowLatency) return;
      // Times of the video are UTC.
      const behindS = Date.now() / 1000 - state.time;
      t.diagnostic(`${behindS.toFixed(1)} s behind`);
      assert.ok(behindS < LATENCY_S, `${behindS} s behind`);
    });
  }

  test(`${player} goes on after another coding took the place of the first`, async (t) => {
    await replaced(t, player, 0);
  });

  test(`${player} goes on after a pause of 10 s`, async (t) => {
    await replaced(t, player, 10_000);
  });
}

function publishing(server: TestServer): { url: string; options: readonly string[] } {
  return { url: server.url("/live/mpegts"), options: ["-method", "PUT"] };
}

/** One encoder ends, another one with another size begins after a pause. */
async function replaced(t: TestContext, player: PlayerName, pauseMs: number): Promise<void> {
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, "stream live { publish_enabled; }");
  const first = startEncoder(t, { video: "h264", audio: "aac" }, publishing(server));
  const url = server.url("/live/index.mpd");
  await until("an MPD", START_MS, async () => ((await fetch(url)).ok ? true : undefined));
  const page = await PlayerPage.open(t, { player, url });
  if (page === undefined) return;
  const { time } = await begun(page);
  await played(page, time, 4);
  await first.kill();
  // The pause is what is tested.
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  const restartedS = Date.now() / 1000;
  startEncoder(t, { video: "h264", audio: "aac", size: "640x360" }, publishing(server));
  await until("what the second encoder sent", 2 * START_MS, async () => {
    const state = await page.state();
    // A player that has jumped there has nothing to show yet.
    return state.time > restartedS + 5 && state.readyState >= 3 ? state : undefined;
  }).catch(async (error: Error) => {
    const state = await page.state();
    throw new Error(
      `${error.message}: ${(state.time - restartedS).toFixed(1)} s of it, ${JSON.stringify(state)}`,
    );
  });
  assert.equal(await page.page.evaluate("document.querySelector('video').videoWidth"), 640);
}
