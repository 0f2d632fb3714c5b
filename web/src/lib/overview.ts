// Services at one glance: which need a look first, and what is the matter when there is nothing to see.

export interface ServiceStanding {
  name: string;
  up: number;
  targets: number;
  /** Errors in the range that are so. */
  fresh: number;
  regressed: number;
  escalating: number;
  count: number;
}

/** What is worse stands further up; among equals the one with more errors, then the name. */
export function byNeed<T extends ServiceStanding>(services: T[]): T[] {
  return services.toSorted((a, b) => need(b) - need(a) || b.count - a.count || (a.name < b.name ? -1 : 1));
}

function need({ up, targets, fresh, regressed, escalating }: ServiceStanding): number {
  const parts = [escalating > 0, targets > 0 && up === 0, regressed > 0, up < targets, fresh > 0];
  return parts.reduce((sum, one) => sum * 2 + Number(one), 0);
}

/** Why there may be nothing to see; undefined when there is. */
export type Hollow = 'unconfigured' | 'undiscovered' | 'unscraped' | 'dead' | 'quiet' | undefined;

interface Known {
  targets: { up: number; total: number };
  aggregates: { total: number };
  last_scrape?: string | null;
}

/** `ever` is whether any error was ever seen. */
export function hollow(services: Known[]): { why: Hollow; ever: boolean } {
  const sum = (part: (one: Known) => number) => services.reduce((total, one) => total + part(one), 0);
  const ever = sum(({ aggregates }) => aggregates.total) > 0;
  const [up, total] = [sum(({ targets }) => targets.up), sum(({ targets }) => targets.total)];
  if (services.length === 0) return { why: 'unconfigured', ever };
  if (total === 0) return { why: 'undiscovered', ever };
  if (up === 0) return { why: services.some(({ last_scrape }) => last_scrape) ? 'dead' : 'unscraped', ever };
  return { why: ever ? undefined : 'quiet', ever };
}

/** The most frequent of some texts, and how often each stands there. */
export function tally(texts: (string | null | undefined)[]): { text: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const text of texts) if (text) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => ({ text, count })).sort((a, b) => b.count - a.count);
}
