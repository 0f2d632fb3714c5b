// The queries that were asked in this browser, newest first: nobody else's business, so they stay here.
import { read, write } from './preference';

const storeKey = 'hydrophone-queries';

/** Enough to find yesterday's night again. */
const keptMax = 50;

export function storedQueries(): string[] {
  try {
    const kept: unknown = JSON.parse(read(storeKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

export function rememberQuery(q: string): void {
  if (q !== '') write(storeKey, JSON.stringify(remembered(storedQueries(), q)));
}

/** One that was not understood is not offered again. */
export function forgetQuery(q: string): void {
  write(storeKey, JSON.stringify(storedQueries().filter((one) => one !== q)));
}

export function remembered(kept: string[], q: string): string[] {
  return [q, ...kept.filter((one) => one !== q)].slice(0, keptMax);
}

/** What the arrows lead to from what is typed: older with -1, newer with 1; undefined where there is none. */
export function recalled(kept: string[], at: number, by: 1 | -1): { at: number; q: string } | undefined {
  const next = at - by;
  if (next < -1 || next >= kept.length) return undefined;
  return { at: next, q: kept[next] ?? '' };
}
