// Colours. A series keeps its colour across refreshes, filters and pages: it is chosen by name, and only a clash moves it on.
import type { Series } from './series';

export type Scheme = 'light' | 'dark';

const categorical: Record<Scheme, string[]> = {
  light: [
    '#2f80d0',
    '#e8862e',
    '#18978a',
    '#c94f8c',
    '#6d9f3a',
    '#8465cf',
    '#cf9a12',
    '#d5584a',
    '#3aa6c4',
    '#8d6e5a',
    '#5566c8',
    '#2f9e5f',
  ],
  dark: [
    '#4d96e0',
    '#f09a4a',
    '#2fb3a4',
    '#dd6fa4',
    '#86b84f',
    '#9d82e0',
    '#dcb03a',
    '#e5756a',
    '#55bddb',
    '#a98b76',
    '#7788e6',
    '#4fbf80',
  ],
};

const severity: Record<Scheme, Record<string, string>> = {
  light: { error: '#dd6b20', warning: '#d9a406', info: '#3b82c4' },
  dark: { error: '#f0863c', warning: '#e3b93a', info: '#5b9fdc' },
};

const state: Record<Scheme, Record<string, string>> = {
  light: { open: '#dd6b20', resolved: '#4c9a57', muted: '#8b95a1' },
  dark: { open: '#f0863c', resolved: '#66b672', muted: '#7d8894' },
};

const rest: Record<Scheme, string> = { light: '#a3adb8', dark: '#66707b' };

export function severityColour(name: string, scheme: Scheme): string {
  return severity[scheme][name] ?? rest[scheme];
}

/** One colour per series, in the series' order. */
export function colours(series: Pick<Series, 'name' | 'rest'>[], by: string, scheme: Scheme): string[] {
  if (by === 'severity') return series.map((one) => severityColour(one.name, scheme));
  if (by === 'state') return series.map((one) => state[scheme][one.name] ?? rest[scheme]);
  const wheel = categorical[scheme];
  if (by === '') return series.map((one) => (one.rest ? rest[scheme] : (wheel[0] ?? '')));
  const taken = new Map<string, number>();
  const used = new Set<number>();
  for (const { name } of series.filter((one) => !one.rest).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    let slot = hash(name) % wheel.length;
    if (used.size < wheel.length) while (used.has(slot)) slot = (slot + 1) % wheel.length;
    used.add(slot);
    taken.set(name, slot);
  }
  return series.map((one) => (one.rest ? rest[scheme] : (wheel[taken.get(one.name) ?? 0] ?? rest[scheme])));
}

/** FNV-1a over the UTF-16 units. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}
