// How the data grows, in words: by how much, of what, and what becomes of that.
import { ahead, bytes, step } from './format';

/** What the server says of it; null before it knows. */
export interface Growth {
  time: string;
  since: string;
  parts: { part: string; bytes: number; bytes_per_day: number }[];
  limit_bytes?: number | null;
  limit_reached_at?: string | null;
  free_bytes?: number | null;
  disk_full_at?: string | null;
}

export interface Said {
  value: string;
  meaning: string;
  tone?: 'warn' | 'bad' | undefined;
}

const day = 86_400_000;

/** Below this share of all in a day it is as good as nothing. */
const still = 0.0005;

/** A part of what comes in that is less than this is not worth naming. */
const named = 0.05;

/** Before it is told by as much, day and night and the rest of the week are not in it. */
const short = 2 * day;

/** What is told together, and what people call it. */
const groups = [
  { name: 'samples with their index', parts: ['samples', 'index'] },
  { name: 'counts', parts: ['counts', 'rollups'] },
  { name: 'errors, targets and processes', parts: ['records', 'activity'] },
];

/** By how much it grows, and of what. */
export function growing(growth: Growth | null | undefined): Said {
  if (!growth) {
    return {
      value: 'not known yet',
      meaning: 'how it grows is known when two windows of two hours are sealed: some hours after the first scrape',
    };
  }
  const all = sum(growth, undefined);
  const size = growth.parts.reduce((size, part) => size + part.bytes, 0);
  const span = Date.parse(growth.time) - Date.parse(growth.since);
  const measured =
    span < short
      ? `told by ${step(span / 1000)} only, so far`
      : `as in the last ${Math.min(7, Math.round(span / day))} days`;
  if (Math.abs(all) < Math.max(size * still, 1)) {
    return { value: 'stays as large', meaning: `what comes in is as much as goes because of its age, ${measured}` };
  }
  const most = groups
    .map(({ name, parts }) => ({ name, bytes: sum(growth, parts) }))
    .filter(({ bytes }) => bytes > Math.abs(all) * named)
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes: size }) => `${bytes(Math.round(size))} ${name}`);
  const of = all > 0 && most.length > 0 ? `${most.join(', ')}; ` : '';
  return {
    value: `${all > 0 ? '+' : '−'}${bytes(Math.round(Math.abs(all)))} a day`,
    meaning: `${of}after what goes because of its age, ${measured}`,
  };
}

/** When there is too much, and what happens then. */
export function limited(growth: Growth, now: number): Said {
  const { limit_bytes: limit, limit_reached_at: reached } = growth;
  if (!limit) {
    return {
      value: 'none',
      meaning: 'is set for everything together (storage.retention.size): growth ends by age, and by limits of parts',
    };
  }
  const value = bytes(limit);
  if (!reached) {
    return { value, meaning: 'is not reached: before that as much goes because of its age as comes in' };
  }
  if (Date.parse(reached) <= now) {
    return { value, meaning: 'is reached: the oldest goes for what comes in (storage.retention.size)' };
  }
  return { value, meaning: `is reached ${about(reached, now)}; then the oldest goes for what comes in` };
}

/** Whether the disk is large enough. */
export function roomLeft(growth: Growth, now: number): Said | undefined {
  const { free_bytes: free, disk_full_at: full } = growth;
  if (free === null || free === undefined) return undefined;
  const value = bytes(free);
  if (!full) return { value, meaning: 'enough: as things are kept, it is not full within ten years' };
  const meaning = `full ${about(full, now)}, if only this fills it; storage.retention.size keeps the data below what there is`;
  return { value, meaning, tone: tone(full, now) };
}

/** How urgent a full disk is: days to act are a warning, hours are bad. */
export function tone(full: string, now: number): 'warn' | 'bad' | undefined {
  const left = Date.parse(full) - now;
  if (left < 2 * day) return 'bad';
  return left < 14 * day ? 'warn' : undefined;
}

/** `in 3 h`, `in 12 d`, `in about 8 weeks`, `in about 2 years`: no finer than one can know. */
export function about(at: string, now: number): string {
  const days = (Date.parse(at) - now) / day;
  if (days < 21) return ahead(Date.parse(at), now);
  if (days < 120) return `in about ${Math.round(days / 7)} weeks`;
  if (days < 700) return `in about ${Math.round(days / 30.4)} months`;
  return `in about ${Math.round(days / 365)} years`;
}

function sum(growth: Growth, parts: string[] | undefined): number {
  return growth.parts
    .filter(({ part }) => parts === undefined || parts.includes(part))
    .reduce((sum, part) => sum + part.bytes_per_day, 0);
}
