// Times as they stand in what people copy: logs, tickets, other tools' links. One time, or a range.
import { absolute, canonical, isRelative, parseInstant, type Range } from './time';
import { instant, monthNames, type Zone } from './zone';

/** So much on both sides of a single time. */
const aroundMs = 15 * 60_000;

/** Longer text is prose, not a time. */
const lengthMax = 2000;

/** The range that a pasted text means: itself, or the time around the one it names; undefined when it means none. */
export function pastedRange(text: string, nowMs: number, zone: Zone): Range | undefined {
  const range = rangeIn(text, nowMs, zone);
  if (range) return range;
  // `now` alone, or a bare number that may be anybody's id, is no reason to go elsewhere.
  if (isRelative(text.trim()) || /^[\d.]+$/.test(text.trim())) return undefined;
  const at = pastedInstant(text, nowMs, zone);
  return at === undefined ? undefined : around(at, nowMs);
}

export function around(atMs: number, nowMs: number): Range {
  const end = atMs < nowMs ? Math.min(atMs + aroundMs, nowMs) : atMs + aroundMs;
  const second = (ms: number) => absolute(Math.round(ms / 1000) * 1000);
  return { from: second(atMs - aroundMs), to: second(end) };
}

/** Two times in one text: `A to B`, `A – B`, `A/B`, an address with `from` and `to`, Grafana's JSON. */
export function rangeIn(text: string, nowMs: number, zone: Zone): Range | undefined {
  const trimmed = text.trim();
  if (trimmed.length > lengthMax) return undefined;
  for (const [a, b] of pairs(trimmed)) {
    const from = expression(a, nowMs, zone);
    let to = expression(b, nowMs, zone);
    const start = from === undefined ? undefined : parseInstant(from, nowMs, zone);
    // `20 Nov 14:20 – 14:30`: the second one is on the same day.
    if (to === undefined && start !== undefined) to = sameDay(b, start, zone);
    const end = to === undefined ? undefined : parseInstant(to, nowMs, zone);
    if (from && to && start !== undefined && end !== undefined && end > start) return { from, to };
  }
  return undefined;
}

function* pairs(text: string): Generator<[string, string]> {
  const address = /[?&#]from=([^&\s]+)(?:&\S*?)?&to=([^&\s]+)/.exec(text);
  if (address?.[1] && address[2]) yield [plain(address[1]), plain(address[2])];
  const json = /^\{\s*"from"\s*:\s*"?([^",}]+)"?\s*,\s*"to"\s*:\s*"?([^",}]+)"?\s*\}$/.exec(text);
  if (json?.[1] && json[2]) yield [json[1], json[2]];
  for (const separator of [/\s+to\s+/i, /\s*[–—→]\s*/, /\s+-\s+/, /\s*\.\.+\s*/, /\//, /\n/]) {
    const [a, b, more] = text.split(separator);
    if (a && b && more === undefined) yield [a, b];
  }
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return part;
  }
}

/** What stands in the address for one end of a range. */
function expression(text: string, nowMs: number, zone: Zone): string | undefined {
  const usual = canonical(text, nowMs, zone);
  if (usual !== undefined) return usual;
  const ms = pastedInstant(text, nowMs, zone);
  return ms === undefined ? undefined : absolute(ms);
}

function sameDay(text: string, startMs: number, zone: Zone): string | undefined {
  if (!/^\s*\d{1,2}:\d\d(:\d\d)?\s*$/.test(text)) return undefined;
  const day = new Date(startMs);
  const date = zone === 'utc' ? day.toISOString().slice(0, 10) : localDate(day);
  return canonical(`${date} ${text.trim().padStart(text.trim().length === 4 ? 5 : 0, '0')}`, startMs, zone);
}

function localDate(day: Date): string {
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((n) => String(n).padStart(2, '0')).join('-');
}

const months = monthNames.join('|');
const clock = String.raw`(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?`;
const offset = String.raw`(?:\s*(Z|UTC|GMT|[+-]\d\d:?\d\d))?`;

/** Day, month, year, then the clock: which group of the match holds what. */
const shapes: [RegExp, Record<'year' | 'month' | 'day', number>, number][] = [
  // 2026-11-20T14:20:05.123Z, 2026-11-20 14:20:05,123, 2026/11/20 14:20:05
  [new RegExp(`^(\\d{4})[-/](\\d\\d)[-/](\\d\\d)[T ]${clock}${offset}$`), { year: 1, month: 2, day: 3 }, 4],
  // 20/Nov/2026:14:20:05 +0000
  [new RegExp(`^(\\d{1,2})/(${months})/(\\d{4}):${clock}${offset}$`), { day: 1, month: 2, year: 3 }, 4],
  // Fri, 20 Nov 2026 14:20:05 GMT; 20 Nov 14:20
  [
    new RegExp(`^(?:[A-Z][a-z]{2},? )?(\\d{1,2}) (${months})(?: (\\d{4}))?,? ${clock}${offset}$`),
    { day: 1, month: 2, year: 3 },
    4,
  ],
  // Nov 20 14:20:05; Nov 20, 2026 14:20:05
  [
    new RegExp(`^(?:[A-Z][a-z]{2} )?(${months}) {1,2}(\\d{1,2})(?:,? (\\d{4}))?,? ${clock}${offset}$`),
    { month: 1, day: 2, year: 3 },
    4,
  ],
];

/** The instant (milliseconds) that a copied time means; undefined when it is none. */
export function pastedInstant(text: string, nowMs: number, zone: Zone): number | undefined {
  const bare = text.trim().replace(/^[[("']+|[\])"']+$/g, '');
  const usual = parseInstant(bare, nowMs, zone);
  if (usual !== undefined) return usual;
  for (const [shape, { year, month, day }, at] of shapes) {
    const match = shape.exec(bare);
    if (!match) continue;
    const named = match[month] ?? '';
    const parts = {
      year: Number(match[year] ?? Number.NaN),
      month: /^\d+$/.test(named) ? Number(named) - 1 : monthNames.indexOf(named),
      day: Number(match[day]),
      hour: Number(match[at]),
      minute: Number(match[at + 1]),
      second: Number(match[at + 2] ?? 0),
    };
    if (
      parts.month > 11 ||
      parts.day < 1 ||
      parts.day > 31 ||
      parts.hour > 23 ||
      parts.minute > 59 ||
      parts.second > 59
    )
      continue;
    return inYear(parts, match[at + 3], nowMs, zone);
  }
  return undefined;
}

type Written = Parameters<typeof instant>[0];

/** A time without a year is the last one that was. */
function inYear(parts: Written, zoneName: string | undefined, nowMs: number, zone: Zone): number {
  const shift = offsetMs(zoneName);
  const of = (year: number) =>
    shift === undefined ? instant({ ...parts, year }, zone) : instant({ ...parts, year }, 'utc') - shift;
  if (!Number.isNaN(parts.year)) return of(parts.year);
  const year = new Date(nowMs).getUTCFullYear();
  // A day ahead may be another zone's today.
  return [year + 1, year].map(of).find((ms) => ms <= nowMs + 86_400_000) ?? of(year - 1);
}

function offsetMs(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(name);
  if (!match) return 0;
  const size = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === '-' ? -size : size;
}
