import type { TestContext } from "node:test";
import type { Details } from "@millrace/model";
import { publishHttp, readHttp } from "../../e2e/kit/capture.ts";
import { freeUdpPort } from "../../e2e/kit/server.ts";
import { LossyRelay, type LossyRelayOptions } from "../../netem/kit/lossy-relay.ts";
import { untilReceiving } from "./bound.ts";
import type { PipedProgram } from "./srt-piped.ts";
import { type SrtPeer, srtLiveTransmit } from "./srt-programs.ts";
import type { SrtServer } from "./srt-server.ts";
import { SrtWatch } from "./srt-watch.ts";

/** One connection between the server and srt-live-transmit, through a relay that looks at what passes. */
export interface Link {
  readonly program: PipedProgram;
  readonly relay: LossyRelay;
  readonly watch: SrtWatch;
  /** Feeds the side that sends. */
  readonly write: (bytes: Buffer) => void;
  /** What came out of the other side. */
  readonly got: () => Buffer;
  /** The server's statistics of the connection. */
  readonly details: () => Promise<Details>;
  readonly explain: () => string;
}

export interface LinkOptions {
  readonly stream: string;
  readonly peer?: Partial<SrtPeer>;
  /** Options of the server's URL, where it has one: `a=b&c=d`. */
  readonly query?: string;
  readonly latencyMs: number;
  /** Of the relay. `forward` goes to the side that listens. */
  readonly relay?: Omit<LossyRelayOptions, "target">;
}

function seenBy(
  watch: SrtWatch,
  { filter }: Partial<LossyRelayOptions>,
): NonNullable<LossyRelayOptions["filter"]> {
  return (datagram, direction) => {
    if (filter?.(datagram, direction) === false) return false;
    watch.see(datagram);
    return true;
  };
}

/** srt-live-transmit calls one of the server's ports and publishes; a viewer over HTTP has what comes. */
export async function publishedBy(
  t: TestContext,
  srt: SrtServer,
  options: LinkOptions & { readonly port: number },
): Promise<Link> {
  const { stream, peer = {}, latencyMs, port } = options;
  const watch = new SrtWatch();
  const relay = await LossyRelay.start(t, {
    ...options.relay,
    target: port,
    filter: seenBy(watch, options.relay ?? {}),
  });
  await srt.add(stream, "publish_enabled;");
  const viewer = await readHttp(srt.server.url(`/${stream}/mpegts`));
  t.after(() => viewer.close());
  const streamId = `#!::r=${stream},m=publish`;
  const full = { mode: "caller", port: relay.port, latencyMs, streamId, ...peer } as const;
  const program = srtLiveTransmit.publish(t, full, "");
  const link = {
    program,
    relay,
    watch,
    write: (bytes: Buffer): void => program.write(bytes),
    got: () => viewer.bytes(),
    details: () => srt.session(stream, "publish"),
    explain: () => `srt-live-transmit said: ${program.said.slice(-2000)}`,
  };
  await link.details();
  return link;
}

/** srt-live-transmit listens, and the server pushes to it what is published over HTTP. */
export async function pushedTo(t: TestContext, srt: SrtServer, options: LinkOptions): Promise<Link> {
  const { stream, peer = {}, query = "", latencyMs } = options;
  const watch = new SrtWatch();
  const port = await freeUdpPort();
  const relay = await LossyRelay.start(t, {
    ...options.relay,
    target: port,
    filter: seenBy(watch, options.relay ?? {}),
  });
  const program = srtLiveTransmit.play(t, { mode: "listener", port, latencyMs, ...peer });
  await untilReceiving(port);
  const push = `push srt://127.0.0.1:${relay.port}?latency=${latencyMs}&${query}`;
  await srt.add(stream, `publish_enabled; ${push.replace(/&$/, "")};`);
  const publisher = publishHttp(srt.server.url(`/${stream}/mpegts`));
  t.after(() => publisher.kill());
  const link = {
    program,
    relay,
    watch,
    write: (bytes: Buffer): void => publisher.write(bytes),
    got: () => program.output,
    details: () => srt.push(stream),
    explain: () => `srt-live-transmit said: ${program.said.slice(-2000)}`,
  };
  await link.details();
  return link;
}
