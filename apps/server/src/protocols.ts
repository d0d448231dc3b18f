import type { Protocol } from "@millrace/engine";
import { cmaf } from "@millrace/protocol-cmaf";
import { dash } from "@millrace/protocol-dash";
import { fake } from "@millrace/protocol-fake";
import { file } from "@millrace/protocol-file";
import { hls } from "@millrace/protocol-hls";
import { httpTs } from "@millrace/protocol-http-ts";
import { mse } from "@millrace/protocol-mse";
import { progressive } from "@millrace/protocol-progressive";
import { rtmp } from "@millrace/protocol-rtmp";
import { shout } from "@millrace/protocol-shout";
import { smooth } from "@millrace/protocol-smooth";
import { srt } from "@millrace/protocol-srt";
import { tstcp } from "@millrace/protocol-tstcp";
import { udp } from "@millrace/protocol-udp";
import { sessions } from "@millrace/service-sessions";
import { pages } from "./pages.ts";

/** Every protocol there is. A new one is one folder and one line here. HTTP routes are tried in this order. */
export const PROTOCOLS: readonly Protocol[] = [
  httpTs,
  hls,
  cmaf,
  dash,
  smooth,
  mse,
  progressive,
  udp,
  srt,
  rtmp,
  tstcp,
  shout,
  file,
  fake,
  sessions,
  pages,
];
