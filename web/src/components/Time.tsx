// How long ago; the exact time when one points at it.
import { ago, exactTime } from '../lib/format';
import { useNow } from '../lib/now';
import { useZone } from '../lib/preference';

export function Time({ at }: { at: string | null | undefined }) {
  const now = useNow();
  const zone = useZone();
  if (!at) return <span className="dim">never</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={exactTime(ms, zone)}>
      {ago(ms, now)}
    </time>
  );
}
