import { fanoutSuite } from "../fanout/suite.ts";
import { idleSuite } from "../idle-suite.ts";
import { latencySuite } from "../latency/suite.ts";
import { rtmpPublishSuite, rtmpSuite } from "../rtmp/suite.ts";
import { srtPublishSuite, srtSuite } from "../srt/suite.ts";
import { tsSuite } from "../ts-suite.ts";
import { udpSuite } from "../udp/suite.ts";
import { workersSuite } from "../workers/suite.ts";
import { hlsLatencySuite, hlsSuite } from "./hls.ts";
import type { Suite } from "./suite.ts";

/** All of them, in the order in which they run. */
export const suites: readonly Suite[] = [
  udpSuite,
  tsSuite,
  fanoutSuite,
  srtSuite,
  srtPublishSuite,
  rtmpSuite,
  rtmpPublishSuite,
  hlsSuite,
  latencySuite,
  hlsLatencySuite,
  workersSuite,
  idleSuite,
];
