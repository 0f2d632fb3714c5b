// A long list of which only what is looked at is loaded: which part that is, what the keys lead to, and whether a fresh order is another
// one than that on screen.

/** Rows that are fetched at once: more than a screen has, and whole however one scrolls. */
export const pieceRows = 50;

/** Rows beyond both ends of the screen that are fetched before one gets there. */
const aheadRows = 25;

/** What of the list is on screen: the first row and the last, from 0. */
export interface Range {
  first: number;
  last: number;
}

/** The pieces of the list that hold the rows on screen and those next to them. */
export function piecesOf<T>(ids: readonly T[], { first, last }: Range): T[][] {
  const from = Math.floor(Math.max(0, first - aheadRows) / pieceRows);
  const to = Math.floor(Math.min(ids.length - 1, last + aheadRows) / pieceRows);
  const found: T[][] = [];
  for (let piece = from; piece <= to; piece++) found.push(ids.slice(piece * pieceRows, (piece + 1) * pieceRows));
  return found;
}

/** Whether somebody who was shown one order would see something move if they were shown the other. */
export function differs<T>(shown: readonly T[], fresh: readonly T[]): boolean {
  return shown.length !== fresh.length || shown.some((id, index) => id !== fresh[index]);
}

/** Where a key leads to from a row; undefined where it leads nowhere. `at` is undefined where nobody stands at a row yet. */
export function stepped(key: string, at: number | undefined, count: number, pageRows: number): number | undefined {
  if (count === 0) return undefined;
  const within = (index: number) => Math.min(count - 1, Math.max(0, index));
  const page = Math.max(1, pageRows);
  switch (key) {
    case 'j':
    case 'ArrowDown':
      return at === undefined ? undefined : within(at + 1);
    case 'k':
    case 'ArrowUp':
      return at === undefined ? undefined : within(at - 1);
    case 'PageDown':
      return within((at ?? 0) + page);
    case 'PageUp':
      return within((at ?? 0) - page);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

/** The rows of the answers by their ids; of a row that stands in several, that of the last one. */
export function byId<T extends { id: number }>(answers: readonly (readonly T[])[]): Map<number, T> {
  const rows = new Map<number, T>();
  for (const answer of answers) for (const row of answer) rows.set(row.id, row);
  return rows;
}

/** Keeps rows for when no answer has them any more, the ones that were seen last; so many at most. */
export function keep<T>(kept: Map<number, T>, rows: ReadonlyMap<number, T>, max: number): void {
  for (const [id, row] of rows) {
    kept.delete(id);
    kept.set(id, row);
  }
  for (const id of kept.keys()) {
    if (kept.size <= max) return;
    kept.delete(id);
  }
}
