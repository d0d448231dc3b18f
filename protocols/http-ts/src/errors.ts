import type { RefusalReason } from "@millrace/model";

/** HTTP status of each refusal (RFC 9110 §15). */
export const STATUS_OF_REFUSAL: Readonly<Record<RefusalReason, number>> = {
  "bad-request": 400,
  "not-found": 404,
  unauthorized: 401,
  forbidden: 403,
  busy: 409,
  unavailable: 503,
};
