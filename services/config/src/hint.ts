/**
 * Distance of Damerau and Levenshtein in its restricted form (optimal string alignment): insertions, deletions,
 * substitutions and swaps of neighbours, each 1.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** The known word that was most likely meant: at most a third of its letters wrong. Undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let found: string | undefined;
  let best = Number.POSITIVE_INFINITY;
  if (wanted.length > 64) return undefined;
  for (const candidate of known) {
    const limit = Math.max(1, Math.floor(Math.max(candidate.length, wanted.length) / 3));
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= limit && distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

/** `; did you mean "segments"?` or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const hint = nearest(word, known);
  return hint === undefined ? "" : `; did you mean "${hint}"?`;
}
