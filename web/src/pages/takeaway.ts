// Addresses of what the timeline shows: the page and the picture, with the time as it is now instead of `now-24h`.
import { rangeTable } from '../api/past';
import type { Takeaway } from '../components/ChartMenu';
import { addressOf, fileName, markdownImage, queryString } from '../lib/address';
import { span } from '../lib/format';
import { href } from '../lib/location';
import type { Scheme } from '../lib/palette';
import { type ChartData, dimensionName } from '../lib/series';
import { absolute, parseInstant } from '../lib/time';
import type { Place } from '../lib/url';
import { offsetName, type Zone } from '../lib/zone';

interface Shown {
  place: Place;
  zone: Zone;
  scheme: Scheme;
  q: string;
  by: string;
  top: number;
  data: ChartData;
  /** Of what, where the picture can not tell from `by`. */
  name: string | undefined;
}

export function takeaway(shown: Shown): Takeaway {
  const { data, by, zone, name } = shown;
  const title = name ?? (by === '' ? 'Errors' : `Errors by ${dimensionName(by)}`);
  const frozen = () => {
    const now = Date.now();
    const { from, to } = shown.place.view.range;
    const second = (text: string, otherwise: number) =>
      absolute(Math.floor((parseInstant(text, now, zone) ?? otherwise) / 1000) * 1000);
    return { from: second(from, data.startMs), to: second(to, data.endMs) };
  };
  const query = () => {
    const { from, to } = frozen();
    return { q: shown.q, by, top: shown.top, start: from, end: to, align: offsetName(Date.parse(to), zone) };
  };
  const picture = (kind: 'png' | 'svg', scheme: Scheme) =>
    addressOf(`charts/range.${kind}`, {
      ...query(),
      theme: scheme,
      timezone: zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone,
      title: name?.slice(0, 200),
      scale: kind === 'png' ? 2 : undefined,
    });
  const link = () => {
    const range = frozen();
    return new URL(href(shown.place, { view: { range, refresh: 0 } }), document.baseURI).href;
  };
  return {
    link,
    picture: (kind) => picture(kind, shown.scheme),
    // Where it is pasted the paper is white.
    markdown: () =>
      markdownImage(`${title}, ${span(data.startMs, data.endMs, zone, data.endMs)}`, picture('png', 'light'), link()),
    table: () => rangeTable(queryString(query())),
    fileName: () => fileName(title, frozen().from, 'to', frozen().to),
  };
}
