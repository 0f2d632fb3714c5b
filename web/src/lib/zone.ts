// Dates in the time zone the reader chose: the browser's own, or UTC.

export type Zone = 'local' | 'utc';

export interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Calendar and clock parts of an instant (milliseconds); month is 0 to 11. */
export function parts(ms: number, zone: Zone): Parts {
  const date = new Date(ms);
  if (zone === 'utc') {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth(),
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth(),
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

/** Minutes east of UTC at an instant. */
export function offsetMinutes(ms: number, zone: Zone): number {
  return zone === 'utc' ? 0 : -new Date(ms).getTimezoneOffset();
}

/** `+02:00`, `-05:30`, `+00:00`: the offset as RFC 3339 writes it. */
export function offsetName(ms: number, zone: Zone): string {
  const minutes = offsetMinutes(ms, zone);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The instant of a calendar date and clock time in a zone. */
export function instant(p: Parts, zone: Zone): number {
  if (zone === 'utc') return Date.UTC(p.year, p.month, p.day, p.hour, p.minute, p.second);
  return new Date(p.year, p.month, p.day, p.hour, p.minute, p.second).getTime();
}

export function two(n: number): string {
  return String(n).padStart(2, '0');
}
