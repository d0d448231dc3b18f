import type { InputConfig, StreamConfig } from "@millrace/model";
import type { Source } from "../api.ts";
import { differs } from "./differs.ts";
import { Input, type InputHost } from "./input.ts";

export interface InputPlan {
  readonly inputs: readonly Input[];
  /** The one of them that takes publishers in. */
  readonly publisher: Input | undefined;
  /** Those before that are not among them: they are to be stopped. */
  readonly left: readonly Input[];
}

/** The inputs that a configuration names; those of `before` that did not change are kept. */
export function planInputs(
  { inputs, backup, publishEnabled, sourceTimeoutMs }: StreamConfig,
  {
    before,
    host,
    open,
  }: { before: readonly Input[]; host: InputHost; open: (config: InputConfig) => Source },
): InputPlan {
  const left = [...before];
  const planned: Input[] = [];
  const plan = (config: InputConfig, kind: { isBackup?: true; passive?: true } = {}): Input => {
    const { isBackup = false, passive = false } = kind;
    const at = left.findIndex((input) => input.isBackup === isBackup && !differs(input.config, config));
    const kept = at < 0 ? undefined : left.splice(at, 1)[0];
    const opening = passive ? {} : { open: () => open(config) };
    const input = kept ?? new Input({ config, host, isBackup, ...opening });
    planned.push(input);
    return input;
  };
  let publisher: Input | undefined;
  if (publishEnabled && !inputs.some((config) => config.scheme === "publish")) {
    const config = { url: "publish://", scheme: "publish", priority: 0, sourceTimeoutMs, options: {} };
    publisher = plan(config, { passive: true });
  }
  for (const config of inputs) {
    if (config.scheme === "publish") publisher = plan(config, { passive: true });
    else plan(config);
  }
  if (backup !== undefined) plan(backup, { isBackup: true });
  return { inputs: planned, publisher, left };
}
