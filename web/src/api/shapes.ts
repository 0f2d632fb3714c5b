// The answers of the API, by the names the pages use.

export interface Sparkline {
  start: string;
  step_seconds: number;
  counts: number[];
}

export interface Service {
  name: string;
  targets: { up: number; total: number };
  aggregates: { total: number; open: number; new: number; regressed: number };
  count: number;
  estimated: number;
  rate_per_second: number;
  last_scrape: string | null;
  sparkline: Sparkline;
}

export interface Services {
  start: string;
  end: string;
  services: Service[];
}

export interface Aggregate {
  id: number;
  service: string;
  aggregation_key: string;
  class: string;
  message: string;
  severity: string;
  state: string;
  new: boolean;
  regressed: boolean;
  first_seen: string;
  last_seen: string;
  count: number;
  estimated: number;
  total_count: number;
  labels: Record<string, string>;
  sparkline?: Sparkline | null;
}

export interface Aggregates {
  start: string;
  end: string;
  total: number;
  next_cursor: string | null;
  aggregates: Aggregate[];
}

export interface Cause {
  class: string;
  message: string;
  stacktrace: string[] | null;
}

export interface HttpContext {
  method: string;
  url: string;
  headers: Record<string, string> | null;
  body: string | null;
}

export interface Occurrence extends Cause {
  id: number;
  uuid: string;
  timestamp: string | null;
  severity: string;
  causes: Cause[];
  http: HttpContext | null;
  target: Record<string, string>;
}

export interface Occurrences {
  occurrences: Occurrence[];
  next_cursor: string | null;
}

export interface AggregateDetail extends Aggregate {
  first_occurrence: number | null;
  last_occurrence: number | null;
}

export interface Distribution {
  total: number;
  dimensions: { label: string; values: { value: string; count: number }[]; other: number }[];
}

interface Counts {
  counts: number[];
  estimated: number[];
  total: number;
  estimated_total: number;
}

export interface RangeAnswer {
  start: string;
  end: string;
  step_seconds: number;
  by: string;
  timestamps: number[];
  series: (Counts & { labels: Record<string, string> })[];
  other: Counts | null;
  total: Counts;
  coverage: number[];
}

export interface Target {
  id: number | null;
  service: string;
  labels: Record<string, string>;
  discovered_labels: Record<string, string>;
  scrape_url: string;
  health: string;
  last_error: string | null;
  last_scrape: string | null;
  last_scrape_duration_seconds: number;
  last_scrape_body_bytes: number;
  scrape_interval: string;
  scrape_timeout: string;
  state: string;
}

export interface Targets {
  targets: Target[];
  dropped_total: number;
}

export interface Labels {
  labels: string[];
}

export interface Status {
  version: string;
  revision: string;
}
