// Numbers and times as people read them. English, 24-hour clock, day before month: nothing depends on the browser's locale.
import { monthNames, offsetName, parts, two, type Zone } from './zone';

const plain = new Intl.NumberFormat('en-US');

/** `12,345`; every digit. */
export function exact(n: number): string {
  return plain.format(n);
}

/** `no errors`, `1 error`, `12,345 errors`. */
export function counted(n: number, noun: string): string {
  return `${n === 0 ? 'no' : exact(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** At most five digits: `12,345`, `123k`, `1.23M`. */
export function count(n: number): string {
  if (n < 100_000) return plain.format(n);
  for (const [size, unit] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
  ] as const) {
    if (n >= size * 0.9995) return `${significant(n / size)}${unit}`;
  }
  return `${Math.round(n / 1000)}k`;
}

function significant(n: number): string {
  return n >= 100 ? String(Math.round(n)) : String(Number(n.toPrecision(3)));
}

/** A rate in the unit that gives a readable number: `3.2/s`, `12/min`, `4/h`, `0`. */
export function rate(perSecond: number): string {
  if (perSecond <= 0) return '0';
  if (perSecond >= 1) return `${perSecond >= 100 ? count(Math.round(perSecond)) : Number(perSecond.toPrecision(2))}/s`;
  if (perSecond * 60 >= 1) return `${Number((perSecond * 60).toPrecision(2))}/min`;
  if (perSecond * 3600 >= 1) return `${Number((perSecond * 3600).toPrecision(2))}/h`;
  return '<1/h';
}

export function percent(share: number): string {
  if (share <= 0) return '0%';
  if (share < 0.01) return '<1%';
  if (share > 0.99 && share < 1) return '>99%';
  return `${Math.round(share * 100)}%`;
}

/** `812 B`, `14.8 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  let size = n;
  for (const unit of ['kB', 'MB', 'GB', 'TB']) {
    size /= 1000;
    if (size < 999.5 || unit === 'TB') return `${Number(size.toPrecision(3))} ${unit}`;
  }
  return '';
}

/** A measured duration: `3 ms`, `1.25 s`, `2 min`. */
export function seconds(s: number): string {
  if (s < 0.0005) return '<1 ms';
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 100) return `${Number(s.toPrecision(3))} s`;
  return step(Math.round(s));
}

/** A bucket's width: `30 s`, `10 min`, `1 h 30 min`, `1 d`. */
export function step(s: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const said: string[] = [];
  let left = Math.max(0, Math.round(s));
  for (const [size, unit] of units) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0 && said.length < 2) said.push(`${n} ${unit}`);
  }
  return said.join(' ') || '0 s';
}

/** `just now`, `5 min ago`, `3 h ago`, `12 d ago`, `4 mo ago`. A clock that is ahead reads as now. */
export function ago(ms: number, nowMs: number): string {
  const s = Math.floor((nowMs - ms) / 1000);
  if (s < 5) return 'just now';
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ago`;
  if (s < 90 * 86_400) return `${Math.floor(s / 86_400)} d ago`;
  if (s < 730 * 86_400) return `${Math.floor(s / (30.4 * 86_400))} mo ago`;
  return `${Math.floor(s / (365 * 86_400))} y ago`;
}

/** `in 5 min`, `in 3 h`, `in 12 d`: how far ahead, rounded to what one can plan with. */
export function ahead(ms: number, nowMs: number): string {
  const s = Math.max(0, Math.round((ms - nowMs) / 1000));
  if (s < 60) return 'in less than a minute';
  if (s < 90 * 60) return `in ${Math.round(s / 60)} min`;
  if (s < 48 * 3600) return `in ${Math.round(s / 3600)} h`;
  return `in ${Math.round(s / 86_400)} d`;
}

/** `2026-11-20 14:20:05 UTC` or `… +02:00`: nothing left to guess. */
export function exactTime(ms: number, zone: Zone): string {
  const p = parts(ms, zone);
  const date = `${p.year}-${two(p.month + 1)}-${two(p.day)}`;
  const suffix = zone === 'utc' ? 'UTC' : offsetName(ms, zone);
  return `${date} ${two(p.hour)}:${two(p.minute)}:${two(p.second)} ${suffix}`;
}

/** `2026-11-20 14:20:05`, for an input field. */
export function inputTime(ms: number, zone: Zone): string {
  return exactTime(ms, zone).slice(0, 19);
}

/** `20 Nov 14:20`, with seconds when they matter and the year when it is another one. */
export function shortTime(ms: number, zone: Zone, nowMs: number, withSeconds = false): string {
  const p = parts(ms, zone);
  const year = p.year === parts(nowMs, zone).year ? '' : ` ${p.year}`;
  return `${p.day} ${monthNames[p.month]}${year} ${clock(ms, zone, withSeconds)}`;
}

/** `14:20` or `14:20:05`. */
export function clock(ms: number, zone: Zone, withSeconds = false): string {
  const p = parts(ms, zone);
  return `${two(p.hour)}:${two(p.minute)}${withSeconds ? `:${two(p.second)}` : ''}`;
}

/** `20 Nov 14:20 – 14:30`; the second date only when it differs. */
export function span(startMs: number, endMs: number, zone: Zone, nowMs: number): string {
  const fine = startMs % 60_000 !== 0 || endMs % 60_000 !== 0;
  const a = parts(startMs, zone);
  const b = parts(endMs, zone);
  const sameDay = a.year === b.year && a.month === b.month && a.day === b.day;
  const end = sameDay ? clock(endMs, zone, fine) : shortTime(endMs, zone, nowMs, fine);
  return `${shortTime(startMs, zone, nowMs, fine)} – ${end}`;
}
