export interface Turns<Name> {
  /** In the order in which they are measured. */
  readonly names: readonly Name[];
  readonly repeats: number;
  /** What is measured: the progress told goes on with the name, and which of the repeats it is. */
  readonly what: (name: Name) => string;
  readonly progress?: ((text: string) => void) | undefined;
  /** Told each measurement: what is measured, of which name, which of the repeats, and the sample. */
  readonly onSample?: ((sample: object) => void) | undefined;
}

/** Measures each of several as often as the others. They take turns, so that a slow minute of the machine hits all of them. */
export async function inTurns<Name extends string, Sample>(
  { names, repeats, what, progress, onSample }: Turns<Name>,
  measure: (name: Name) => Promise<Sample>,
): Promise<Map<Name, Sample[]>> {
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]));
  for (let repeat = 1; repeat <= repeats; repeat += 1)
    for (const [name, list] of samples) {
      progress?.(`${what(name)}, ${name}, ${repeat} of ${repeats}`);
      const sample = await measure(name);
      onSample?.({ what: what(name), name, repeat, sample });
      list.push(sample);
    }
  return samples;
}
