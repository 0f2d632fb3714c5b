// Labels of the time axis: the clock within a day, the date where a day begins.
import { clock, count } from './format';
import { monthNames, parts, type Zone } from './zone';

/** One label per tick (seconds since the epoch); `increment` is their distance in seconds. The first one carries the date. */
export function timeLabels(splits: number[], increment: number, zone: Zone): string[] {
  let lastDay = '';
  return splits.map((seconds) => {
    const p = parts(seconds * 1000, zone);
    const day = `${p.day} ${monthNames[p.month]}`;
    if (increment >= 365 * 86_400) return String(p.year);
    if (increment >= 28 * 86_400)
      return p.month === 0 || lastDay === ''
        ? remember(`${monthNames[p.month]} ${p.year}`)
        : (monthNames[p.month] ?? '');
    if (increment >= 86_400) return day;
    const time = clock(seconds * 1000, zone, increment < 60);
    if (day === lastDay) return time;
    lastDay = day;
    const midnight = p.hour === 0 && p.minute === 0 && p.second === 0;
    return midnight ? day : `${time}\n${day}`;
  });

  function remember(label: string): string {
    lastDay = label;
    return label;
  }
}

/** The count axis: whole numbers only. */
export function countLabel(n: number): string {
  return Number.isInteger(n) ? count(n) : '';
}
