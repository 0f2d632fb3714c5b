// Nothing moves under the cursor. While somebody points at a list, a refresh may change the rows' figures but not their order; what
// is new waits until the pointer has left or they ask for it.

export interface Held<T> {
  rows: T[];
  /** How many rows are new, gone or elsewhere in the fresh list. */
  waiting: number;
}

/** The shown order with the fresh figures. Rows that are gone keep their last ones. */
export function hold<T>(shown: T[], fresh: T[], id: (row: T) => string): Held<T> {
  const byId = new Map(fresh.map((row) => [id(row), row]));
  const rows = shown.map((row) => byId.get(id(row)) ?? row);
  let waiting = 0;
  fresh.forEach((row, index) => {
    const there = shown[index];
    if (there === undefined || id(there) !== id(row)) waiting += 1;
  });
  return { rows, waiting: Math.max(waiting, shown.length - fresh.length) };
}

/** The earlier order for those that are still there, the others behind: a legend that does not jump. */
export function inEarlierOrder<T>(earlier: string[], fresh: T[], id: (item: T) => string): T[] {
  const place = new Map(earlier.map((key, index) => [key, index]));
  return fresh
    .map((item, index) => ({ item, at: place.get(id(item)) ?? earlier.length + index }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
