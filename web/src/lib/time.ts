// Time ranges as people write them: `now-6h`, `now`, RFC 3339, a plain date and time, Unix seconds.
import { instant, type Zone } from './zone';

/** Two expressions, kept as written so that a link with `now-6h` stays relative. */
export interface Range {
  from: string;
  to: string;
}

export interface Preset {
  label: string;
  from: string;
}

export const defaultRange: Range = { from: 'now-24h', to: 'now' };

/** Grafana's names, in its order. */
export const presets: Preset[] = [
  { label: 'Last 5 minutes', from: 'now-5m' },
  { label: 'Last 15 minutes', from: 'now-15m' },
  { label: 'Last 30 minutes', from: 'now-30m' },
  { label: 'Last 1 hour', from: 'now-1h' },
  { label: 'Last 3 hours', from: 'now-3h' },
  { label: 'Last 6 hours', from: 'now-6h' },
  { label: 'Last 12 hours', from: 'now-12h' },
  { label: 'Last 24 hours', from: 'now-24h' },
  { label: 'Last 2 days', from: 'now-2d' },
  { label: 'Last 7 days', from: 'now-7d' },
  { label: 'Last 30 days', from: 'now-30d' },
  { label: 'Last 90 days', from: 'now-90d' },
  { label: 'Last 6 months', from: 'now-6M' },
  { label: 'Last 1 year', from: 'now-1y' },
];

const unitMs: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/** The shortest range a zoom can reach. */
export const zoomMsMin = 60_000;

/** `1h30m` in milliseconds; undefined when it is not a duration. Months count 30 days, years 365. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+[smhdwMy])+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhdwMy])/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return total;
}

const relative = /^now(?:\s*-\s*(\w+))?$/;

export function isRelative(text: string): boolean {
  return relative.test(text.trim());
}

/** The instant (milliseconds) an expression means; undefined when it means none. */
export function parseInstant(text: string, nowMs: number, zone: Zone): number | undefined {
  const trimmed = text.trim();
  const ago = relative.exec(trimmed);
  if (ago) {
    if (ago[1] === undefined) return nowMs;
    const duration = parseDuration(ago[1]);
    return duration === undefined ? undefined : nowMs - duration;
  }
  if (/^\d{9,10}(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  if (/^\d{12,13}$/.test(trimmed)) return Number(trimmed);
  const plain = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(trimmed);
  if (plain) return plainInstant(plain, zone);
  if (/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/.test(trimmed)) {
    const ms = Date.parse(trimmed.replace(' ', 'T'));
    return Number.isNaN(ms) ? undefined : ms;
  }
  return undefined;
}

function plainInstant(match: RegExpExecArray, zone: Zone): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return instant({ year, month: month - 1, day, hour, minute, second }, zone);
}

/** What goes into the URL for an expression: relative as it is, absolute as RFC 3339 in UTC; undefined when invalid. */
export function canonical(text: string, nowMs: number, zone: Zone): string | undefined {
  const ms = parseInstant(text, nowMs, zone);
  if (ms === undefined) return undefined;
  return isRelative(text) ? text.replace(/\s+/g, '') : absolute(ms);
}

/** RFC 3339 in UTC, without milliseconds when there are none. */
export function absolute(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** What the server is asked for: relative as it is, with months (which it does not know) in days; absolute as RFC 3339. */
export function forServer(text: string, zone: Zone): string {
  const ago = relative.exec(text);
  if (ago) {
    const ms = ago[1]?.includes('M') ? parseDuration(ago[1]) : undefined;
    return ms === undefined ? text : `now-${Math.round(ms / 86_400_000)}d`;
  }
  const ms = parseInstant(text, 0, zone);
  return ms === undefined ? text : absolute(ms);
}

/** Why a range cannot be asked for, in words; undefined when it can. */
export function rangeProblem(
  range: Range,
  nowMs: number,
  zone: Zone,
): { field: 'from' | 'to'; text: string } | undefined {
  const from = parseInstant(range.from, nowMs, zone);
  const to = parseInstant(range.to, nowMs, zone);
  const hint = 'Use now-6h, 2026-11-20 14:00 or RFC 3339';
  if (from === undefined) return { field: 'from', text: hint };
  if (to === undefined) return { field: 'to', text: hint };
  if (to <= from) return { field: 'to', text: 'Must be after the start' };
  return undefined;
}

/** About twice as wide. What ends now goes to the next preset; anything else grows around its middle, never beyond now. */
export function zoomOut(range: Range, nowMs: number, zone: Zone): Range {
  const start = parseInstant(range.from, nowMs, zone);
  const end = parseInstant(range.to, nowMs, zone);
  if (start === undefined || end === undefined) return defaultRange;
  const width = Math.max(end - start, zoomMsMin);
  if (range.to === 'now') {
    const next = presets.find((preset) => nowMs - (parseInstant(preset.from, nowMs, zone) ?? nowMs) >= width * 1.9);
    if (next) return { from: next.from, to: 'now' };
  }
  const later = Math.min(end + width / 2, Math.max(nowMs, end));
  return { from: absolute(toSecond(later - 2 * width)), to: absolute(toSecond(later)) };
}

function toSecond(ms: number): number {
  return Math.round(ms / 1000) * 1000;
}

/** The buckets a drag touched, whole, but nothing after now: the range to zoom to. Widened to the minimum when too short. */
export function zoomIn(fromMs: number, toMs: number, stepMs: number, startMs: number, nowMs: number): Range {
  const low = Math.min(fromMs, toMs);
  const high = Math.max(fromMs, toMs);
  const start = startMs + Math.floor((low - startMs) / stepMs) * stepMs;
  const end = Math.min(startMs + Math.ceil((high - startMs) / stepMs) * stepMs, toSecond(nowMs));
  return { from: absolute(start), to: absolute(Math.max(end, start + zoomMsMin)) };
}
