/**
 * The greatest number that holds, for something that holds up to some number: doubles from `first` until it does not, then
 * halves the range, down to `precision` of the number that held (0.05 is 5 %). 0 where `first` does not hold; `limit` is
 * never passed.
 */
export async function greatestThat(
  holds: (count: number) => Promise<boolean>,
  options: { first: number; limit: number; precision: number },
): Promise<number> {
  const { first, limit, precision } = options;
  let low = 0;
  let high = first;
  while (await holds(high)) {
    low = high;
    if (low === limit) return low;
    high = Math.min(limit, high * 2);
  }
  while (low > 0 && high - low > Math.max(1, low * precision)) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
