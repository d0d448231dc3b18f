import type { AccessRequest, StreamConfig } from "@millrace/model";
import type { AccessPolicy, Runtime, Verdict } from "../api.ts";
import { messageOf, reasonOf } from "../errors.ts";

export interface Court {
  readonly policies: readonly AccessPolicy[];
  readonly runtime: Runtime;
  readonly configOf: (stream: string) => StreamConfig | undefined;
}

/** Every policy has to agree, and then a publisher needs the stream's password. Never rejects. */
export async function judge(
  request: AccessRequest,
  { policies, runtime, configOf }: Court,
): Promise<Verdict> {
  let { stream } = request;
  for (const policy of policies) {
    const verdict = await opinionOf(policy, request, runtime);
    if (verdict?.ok === false) return verdict;
    stream = verdict?.stream ?? stream;
  }
  const config = configOf(stream);
  if (request.kind === "publish" && config?.password !== undefined) {
    const given = request.password ?? request.query["password"];
    if (given !== config.password) {
      return { ok: false, reason: "forbidden", text: "wrong or missing publish password" };
    }
  }
  return stream === request.stream ? { ok: true } : { ok: true, stream };
}

async function opinionOf(
  policy: AccessPolicy,
  request: AccessRequest,
  runtime: Runtime,
): Promise<Verdict | undefined> {
  try {
    return await policy.judge(request, runtime);
  } catch (error) {
    return { ok: false, reason: reasonOf(error), text: messageOf(error) };
  }
}
