import type { InputConfig, PushConfig } from "@millrace/model";
import type { Protocol, Sink, Source, SourceContext } from "../api.ts";
import { badUrl } from "../errors.ts";

/** The source of an input, by the protocol that has its scheme. Throws `bad-url`. */
export function openSource(
  config: InputConfig,
  protocols: readonly Protocol[],
  context: SourceContext,
): Source {
  const protocol = protocols.find((each) => each.schemes.includes(config.scheme));
  if (protocol?.pull === undefined)
    throw badUrl(config.url, `no input protocol is called "${config.scheme}"`);
  return protocol.pull(config, context);
}

/** The sink of a push, by the protocol that has its scheme. Throws `bad-url`. */
export function openSink(config: PushConfig, protocols: readonly Protocol[], context: SourceContext): Sink {
  const protocol = protocols.find((each) => each.pushSchemes?.includes(config.scheme));
  if (protocol?.push === undefined) throw badUrl(config.url, `no push protocol is called "${config.scheme}"`);
  return protocol.push(config, context);
}
