import type { Leg } from "./leg.ts";

/** States of a leg in a backup group, the better one with the higher number (docs/features/bonding-main-backup.md). */
export const STANDBY = 0;
export const UNSTABLE = 1;
/** Unstable a while ago, on probation. */
export const WARY = 2;
/** Activated a while ago, too early to say. */
export const FRESH = 3;
export const STABLE = 4;

/** After the first stability time-out a fresh leg is watched for so much longer. */
const PROBING_US = 50_000;
const NEVER = -1;

export interface StabilityTiming {
  /** Latency of the peer. */
  readonly latencyUs: number;
  /** Least time without an answer that makes a leg unstable. */
  readonly leastTimeoutUs: number;
}

/** One leg of a backup group, and how far it can be trusted. */
export class Member {
  readonly leg: Leg;
  state = STANDBY;
  /** Its numbers are those of the group. */
  started = false;
  /** It was silenced; its peer is told when it has acknowledged everything. */
  silenced = false;
  closing = false;
  unstableSinceUs = NEVER;
  #freshSinceUs = NEVER;
  #warySinceUs = NEVER;
  /** When it was given a packet while it had nothing to wait for: no answer can be older. */
  #waitingSinceUs = NEVER;
  #dropped: number;

  constructor(leg: Leg) {
    this.leg = leg;
    this.#dropped = leg.dropped;
  }

  get active(): boolean {
    return this.state !== STANDBY;
  }

  /** Call before each packet that the leg is given. */
  noteSend(nowUs: number): void {
    if (this.leg.unacknowledged === 0) this.#waitingSinceUs = nowUs;
  }

  /** Moves an active leg to the state that its answers deserve. */
  qualify(timing: StabilityTiming, nowUs: number): void {
    this.become(this.#judge(timing, nowUs), nowUs);
  }

  become(state: number, nowUs: number): void {
    this.state = state;
    if (state === FRESH) {
      if (this.#freshSinceUs === NEVER) this.#freshSinceUs = nowUs;
    } else if (state !== WARY) this.#freshSinceUs = NEVER;
    if (state === WARY) {
      if (this.#warySinceUs === NEVER) this.#warySinceUs = nowUs;
    } else this.#warySinceUs = NEVER;
    if (state === UNSTABLE) {
      if (this.unstableSinceUs === NEVER) this.unstableSinceUs = nowUs;
    } else if (state !== WARY) this.unstableSinceUs = NEVER;
  }

  #judge({ latencyUs, leastTimeoutUs }: StabilityTiming, nowUs: number): number {
    const { leg } = this;
    const firstTimeoutUs = Math.max(leastTimeoutUs, latencyUs);
    const fresh = this.#freshSinceUs !== NEVER && nowUs - this.#freshSinceUs <= firstTimeoutUs + PROBING_US;
    const measuredUs = Math.max(leastTimeoutUs, 2 * leg.rttUs + 4 * leg.rttVarianceUs);
    const timeoutUs = fresh ? firstTimeoutUs : Math.min(measuredUs, firstTimeoutUs);
    const droppedNow = leg.dropped !== this.#dropped;
    this.#dropped = leg.dropped;
    if (leg.unacknowledged > 0) {
      const answeredUs = Math.max(this.#freshSinceUs, this.#waitingSinceUs, leg.lastHeardUs);
      if (nowUs - answeredUs > timeoutUs) return UNSTABLE;
    }
    if (fresh) return FRESH;
    if (droppedNow) return UNSTABLE;
    if (this.state === UNSTABLE) return WARY;
    if (this.#warySinceUs !== NEVER && nowUs - this.#warySinceUs <= 4 * latencyUs) return WARY;
    return STABLE;
  }
}

/** Below 0 when `a` is preferred to `b`: the heavier, then the one in the better state, then the lower number. */
export function compareMembers(a: Member, b: Member): number {
  return b.leg.weight - a.leg.weight || b.state - a.state || a.leg.id - b.leg.id;
}
