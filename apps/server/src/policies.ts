import type { AccessPolicy } from "@millrace/engine";
import { sessionPolicy } from "@millrace/service-sessions";

/** Who decides about access, besides the engine's own publish passwords. */
export const POLICIES: readonly AccessPolicy[] = [sessionPolicy];
