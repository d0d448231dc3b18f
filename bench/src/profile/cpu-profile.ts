/** A `.cpuprofile` as V8 writes it (Chrome DevTools Protocol, Profiler.Profile). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0. */
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  /** The node that each sample fell on, and microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function as it was called by those above it. */
export interface Frame {
  readonly name: string;
  /** `file:line`, from the repository's root where it is in it; empty for what is V8's own. */
  readonly place: string;
  selfUs: number;
  /** With all that it called. */
  totalUs: number;
  readonly children: Map<string, Frame>;
}

export function newFrame(name: string, place = ""): Frame {
  return { name, place, selfUs: 0, totalUs: 0, children: new Map() };
}

export interface MergeOptions {
  /** Folder that paths are told from. */
  readonly root: string;
  /** So much of a profile's beginning is not counted, microseconds: starting the program is no part of the work. */
  readonly skipUs: number;
}

/** Adds a profile's time to the frames below `into`; time in which nothing ran is left out. */
export function addProfile(into: Frame, profile: CpuProfile, { root, skipUs }: MergeOptions): void {
  const selfUs = new Map<number, number>();
  let atUs = 0;
  for (const [i, id] of profile.samples.entries()) {
    const deltaUs = Math.max(0, profile.timeDeltas[i] ?? 0);
    atUs += deltaUs;
    if (atUs > skipUs) selfUs.set(id, (selfUs.get(id) ?? 0) + deltaUs);
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const [top] = profile.nodes;
  const add = (id: number, parent: Frame): number => {
    const node = nodes.get(id);
    if (node === undefined || node.callFrame.functionName === "(idle)") return 0;
    const frame = childOf(parent, node.callFrame, root);
    const ownUs = selfUs.get(id) ?? 0;
    const belowUs = (node.children ?? []).reduce((sum, child) => sum + add(child, frame), 0);
    frame.selfUs += ownUs;
    frame.totalUs += ownUs + belowUs;
    return ownUs + belowUs;
  };
  for (const child of top?.children ?? []) into.totalUs += add(child, into);
}

function childOf(parent: Frame, call: CpuProfile["nodes"][number]["callFrame"], root: string): Frame {
  const name = call.functionName === "" ? "(anonymous)" : call.functionName;
  const place = placeOf(call.url, call.lineNumber, root);
  const key = `${name} ${place}`;
  let frame = parent.children.get(key);
  if (frame === undefined) parent.children.set(key, (frame = newFrame(name, place)));
  return frame;
}

function placeOf(url: string, line: number, root: string): string {
  if (url === "") return "";
  const path = url.startsWith("file://") ? decodeURIComponent(url.slice("file://".length)) : url;
  const short = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  return `${short}:${line + 1}`;
}

export interface Heavy {
  readonly name: string;
  readonly place: string;
  readonly selfUs: number;
  /** Of all time in which something ran. */
  readonly share: number;
}

/** The functions that most time was spent in themselves, wherever they were called from. */
export function heaviest(top: Frame, count: number): Heavy[] {
  const sums = new Map<string, { name: string; place: string; selfUs: number }>();
  const visit = (frame: Frame): void => {
    const key = `${frame.name} ${frame.place}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { name: frame.name, place: frame.place, selfUs: frame.selfUs });
    else sum.selfUs += frame.selfUs;
    for (const child of frame.children.values()) visit(child);
  };
  visit(top);
  return [...sums.values()]
    .filter((sum) => sum.selfUs > 0)
    .sort((a, b) => b.selfUs - a.selfUs)
    .slice(0, count)
    .map((sum) => ({ ...sum, share: sum.selfUs / top.totalUs }));
}
