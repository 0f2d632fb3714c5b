// What happened beside the counting, as lines in the chart: what it was is said on pointing, and listed for those who do not see it.
import { useState } from 'react';
import { exactTime, shortTime } from '../lib/format';
import { type Flag, flags, leading, type Marker, type MarkerKind, markersWithin } from '../lib/marker';
import { useZone } from '../lib/preference';
import type { ChartData } from '../lib/series';
import { visible } from '../lib/text';
import classes from './Markers.module.css';
import type { Frame } from './plot';

/** Flags are this wide, pixels: closer ones become one. */
const apart = 18;

const signs: Record<MarkerKind, string> = {
  seen: '★',
  resolved: '✓',
  regressed: '↩',
  muted: 'z',
  reopened: '○',
  version: 'v',
};

export function Markers({ markers, data, frame }: { markers: Marker[]; data: ChartData; frame: Frame }) {
  const zone = useZone();
  const there = markersWithin(markers, data.startMs, data.endMs);
  if (there.length === 0 || frame.width === 0) return null;
  return (
    <>
      <div className={classes.layer} style={{ left: frame.left, width: frame.width }} aria-hidden="true">
        {flags(there, data.startMs, data.endMs, frame.width, apart).map((flag) => (
          <OneFlag key={flag.markers.map(({ at, text }) => `${at} ${text}`).join()} flag={flag} now={data.endMs} />
        ))}
      </div>
      <ul className="visually-hidden" aria-label="What happened in this time">
        {there.map(({ at, text }) => (
          <li key={`${at} ${text}`}>
            {exactTime(at, zone)}: {visible(text)}
          </li>
        ))}
      </ul>
    </>
  );
}

function OneFlag({ flag, now }: { flag: Flag; now: number }) {
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const kind = leading(flag.markers);
  const many = flag.markers.length > 1;
  return (
    <div
      className={classes.marker}
      data-kind={kind}
      style={{ left: `${flag.share * 100}%` }}
      onPointerEnter={() => setOpen(true)}
      onPointerLeave={() => setOpen(false)}
    >
      <span className={classes.flag}>{many ? flag.markers.length : signs[kind]}</span>
      {open && (
        <span className={classes.label} data-side={flag.share > 0.5 ? 'left' : 'right'}>
          {flag.markers.slice(0, 8).map(({ at, text }) => (
            <span key={`${at} ${text}`} className={classes.line}>
              <span className="dim number">{shortTime(at, zone, now, true)}</span> {visible(text)}
            </span>
          ))}
          {flag.markers.length > 8 && <span className="dim">and {flag.markers.length - 8} more</span>}
        </span>
      )}
    </div>
  );
}
