// One range answer, ready to draw: names, filter terms, order.

/** A range answer's shape, as far as a chart needs it. Counts are per bucket; `estimated` is the part whose place is estimated. */
export interface RangeAnswer {
  start: string;
  end: string;
  step_seconds: number;
  timestamps: number[];
  series: RangeSeries[];
  other?: Counts | null;
  total: Counts;
  coverage: number[];
}

interface Counts {
  counts: number[];
  /** Empty when nothing is estimated. */
  estimated: number[];
  total: number;
  estimated_total: number;
}

interface RangeSeries extends Counts {
  labels: Record<string, string>;
}

export interface Series {
  /** Stable identity across refreshes. */
  key: string;
  name: string;
  /** What a click filters by; none for the rest. */
  term: { key: string; value: string } | undefined;
  counts: number[];
  estimated: number[];
  total: number;
  estimatedTotal: number;
  rest: boolean;
}

export interface ChartData {
  /** Milliseconds; `startMs` is the first bucket's start, `endMs` the last one's end. */
  startMs: number;
  endMs: number;
  stepMs: number;
  /** Bucket starts, milliseconds. */
  times: number[];
  series: Series[];
  total: number;
  estimatedTotal: number;
  totals: number[];
  /** Watched share of each bucket, 0 to 1. */
  coverage: number[];
}

export function chartData(answer: RangeAnswer, by: string): ChartData {
  const series: Series[] = answer.series.map((one) => {
    const { name, term } = identity(one.labels, by);
    return { ...counts(one), key: `${by}=${JSON.stringify(one.labels)}`, name, term, rest: false };
  });
  if (answer.other && answer.other.total > 0) {
    series.push({ ...counts(answer.other), key: 'rest', name: 'everything else', term: undefined, rest: true });
  }
  const stepMs = answer.step_seconds * 1000;
  const times = answer.timestamps.map((s) => s * 1000);
  const startMs = times[0] ?? Date.parse(answer.start);
  return {
    startMs,
    endMs: times.length > 0 ? startMs + times.length * stepMs : Date.parse(answer.end),
    stepMs,
    times,
    series,
    total: answer.total.total,
    estimatedTotal: answer.total.estimated_total,
    totals: answer.total.counts,
    coverage: answer.coverage,
  };
}

/** Counts without anything to tell them apart, of which nothing says how far they were watched. */
export function plainData(curve: { start: string; step_seconds: number; counts: number[] }, name: string): ChartData {
  const startMs = Date.parse(curve.start);
  const stepMs = curve.step_seconds * 1000;
  const total = curve.counts.reduce((sum, one) => sum + one, 0);
  const only = { key: name, name, term: undefined, estimated: [], estimatedTotal: 0, rest: false };
  return {
    startMs,
    endMs: startMs + curve.counts.length * stepMs,
    stepMs,
    times: curve.counts.map((_, bucket) => startMs + bucket * stepMs),
    series: [{ ...only, counts: curve.counts, total }],
    total,
    estimatedTotal: 0,
    totals: curve.counts,
    coverage: curve.counts.map(() => 1),
  };
}

function counts(one: Counts) {
  return { counts: one.counts, estimated: one.estimated, total: one.total, estimatedTotal: one.estimated_total };
}

/** A series' name, and the query term that leaves only it. */
export function identity(labels: Record<string, string>, by: string): Pick<Series, 'name' | 'term'> {
  if (by === '') return { name: 'errors', term: undefined };
  const value = labels[by] ?? '';
  if (by === 'aggregate') {
    const name = [labels.class, labels.message].filter(Boolean).join(': ') || value;
    return { name, term: { key: 'aggregate', value } };
  }
  return { name: value === '' ? `no ${dimensionName(by)}` : value, term: { key: by, value } };
}

/** `target.version` is read as `version`, `label.team` as `team`. */
export function dimensionName(by: string): string {
  if (by === 'aggregate') return 'error';
  if (by === 'is') return 'flag';
  return by.replace(/^(target|label)\./, '');
}
