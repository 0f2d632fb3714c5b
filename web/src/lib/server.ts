// What the server says of itself, judged: what is the matter, what it means, what one does about it.
import { bytes, counted, exact, percent, step } from './format';
import { about, type Growth, tone } from './growth';

/** The parts of the status that can be bad. */
export interface ServerFacts {
  config_reload_success: boolean;
  config_reload_error?: string | null;
  limits_hit: Record<string, Record<string, number>>;
  overflows: { service: string; exceptions: number }[];
  search: { complete: boolean; indexed_ratio: number };
  storage: {
    occurrence_bytes: number;
    thinned_days: number;
    thinned_occurrences: number;
    /** Of the database; what is in them is not read. */
    damaged_pages: number;
    growth?: Growth | null;
  };
  retention: { occurrences_bytes: number };
  outage?: Outage | null;
}

/** The disk has no room: what is scraped waits in memory. */
export interface Outage {
  since: string;
  reason: string;
  held_scrapes: number;
  held_bytes: number;
  held_bytes_max: number;
  /** There is no memory for more: nothing is scraped until there is room. */
  paused: boolean;
}

export interface Trouble {
  what: string;
  /** What it means and what one does. */
  advice: string;
  level: 'bad' | 'warn' | 'note';
}

/** Above this share of its room, samples are about to be thinned. */
const fullShare = 0.9;

/** What is the matter, worst first; nothing when all is well. */
export function troubles(facts: ServerFacts, now: number): Trouble[] {
  const { storage, retention, search } = facts;
  const found: Trouble[] = [];
  if (facts.outage) found.push(outageTrouble(facts.outage));
  if (storage.damaged_pages > 0) {
    const one = storage.damaged_pages === 1;
    found.push({
      level: 'bad',
      what: `${counted(storage.damaged_pages, 'page')} of the database ${one ? 'is' : 'are'} damaged: what would need ${one ? 'it' : 'them'} fails`,
      advice:
        'No wrong number is shown. The disk may be failing: restore a backup elsewhere, or stop the server and save the rest with “hydrophone verify --repair”. The log says where the damage is.',
    });
  }
  if (!facts.config_reload_success) {
    found.push({
      level: 'bad',
      what: 'The last reload of the configuration failed; an older one is running',
      advice: `Mend the file and reload it again: ${facts.config_reload_error ?? 'the log says why'}`,
    });
  }
  const full = storage.growth?.disk_full_at;
  const urgent = full && tone(full, now);
  if (urgent && !facts.outage) {
    found.push({
      level: urgent,
      what: `The disk is full ${about(full, now)}, if all goes on as in the last week`,
      advice: 'Make room, or set storage.retention.size below what there is: then the oldest goes before it is full.',
    });
  }
  if (Object.keys(facts.limits_hit).length > 0) {
    found.push({
      level: 'warn',
      what: 'Limits cut what some services sent',
      advice: 'What and where stands under “Limits hit”. Counts of what was taken are exact.',
    });
  }
  if (facts.overflows.length > 0) {
    const [one] = facts.overflows;
    found.push({
      level: 'warn',
      what: `New errors of ${facts.overflows.length === 1 ? one?.service : `${exact(facts.overflows.length)} services`} are counted together: there are too many`,
      advice:
        'No count is lost, but they can not be told apart. A rule that would help stands under “Keys that explode”.',
    });
  }
  const taken = share(storage.occurrence_bytes, retention.occurrences_bytes);
  if (storage.thinned_days > 0) {
    found.push({
      level: 'warn',
      what: `${exact(storage.thinned_occurrences)} samples of ${exact(storage.thinned_days)} days were removed to save room`,
      advice:
        'Older samples of errors that have newer ones went first; counts stay. Raise storage.retention.occurrences_size to keep more.',
    });
  } else if (taken > fullShare) {
    found.push({
      level: 'note',
      what: `Samples take ${percent(taken)} of the room they may take`,
      advice:
        'When it is full, old samples of errors that have newer ones go first. Raise storage.retention.occurrences_size to keep more.',
    });
  }
  if (!search.complete) {
    found.push({
      level: 'note',
      what: `The search index is being made: ${percent(Math.min(search.indexed_ratio, 0.99))} of the samples can be found`,
      advice:
        storage.damaged_pages > 0
          ? 'What is damaged may be in its way.'
          : 'Newest samples come first, and everything but the search is whole. It goes on by itself.',
    });
  }
  return found;
}

function outageTrouble({ reason, held_scrapes, held_bytes, held_bytes_max, paused }: Outage): Trouble {
  const held = `${counted(held_scrapes, 'scrape')} (${bytes(held_bytes)} of at most ${bytes(held_bytes_max)})`;
  return {
    level: 'bad',
    what: paused
      ? 'The disk is full, and so is the memory for what waits for it: nothing is scraped'
      : 'The disk is full: what is scraped waits in memory',
    advice: `Make room, and it goes on by itself: nothing is lost that was counted meanwhile. ${held} wait. What the system says: ${reason}`,
  };
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

/** What a kind of limit cut, and which key of the configuration raises it. */
export const limitKinds: Record<string, { what: string; why: string }> = {
  aggregates: {
    what: 'errors counted together',
    why: 'The service has more errors than its aggregate_limit: new ones are counted together, as one. “Keys that explode” says which rule would help.',
  },
  occurrences: {
    what: 'samples not taken',
    why: 'More samples of an error came in one scrape than global.occurrence_limit. They are counted, but not kept to look at.',
  },
  truncated: {
    what: 'texts cut short',
    why: 'Messages, stacks, headers or bodies longer than their …_size_limit are kept up to it, and say so.',
  },
  causes: {
    what: 'causes left out',
    why: 'Chains of causes deeper than global.cause_depth_limit end there.',
  },
};

/** A rule for keys of a service as it stands in the configuration. */
export function keyRule(service: string, strip: readonly string[]): string {
  const name = /^[A-Za-z_][\w.-]*$/.test(service) ? service : JSON.stringify(service);
  return `services:\n  - name: ${name}\n    key_rules:\n      - strip: [${strip.join(', ')}]\n`;
}

export interface LimitHit {
  service: string;
  kind: string;
  count: number;
}

/** Most first. */
export function limitsHit(limits: Record<string, Record<string, number>>): LimitHit[] {
  return Object.entries(limits)
    .flatMap(([service, kinds]) => Object.entries(kinds).map(([kind, count]) => ({ service, kind, count })))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.service < b.service ? -1 : 1));
}

export interface Intervals {
  usual: string | undefined;
  /** Services that are scraped at another one. */
  others: { service: string; interval: string }[];
}

/** Scrape intervals out of the running configuration as the server writes it: two blanks a level, a service begins with its name. */
export function intervals(yaml: string): Intervals {
  let section = '';
  let service = '';
  const found: Intervals = { usual: undefined, others: [] };
  for (const line of yaml.split('\n')) {
    const top = /^(\w+):/.exec(line);
    if (top?.[1]) section = top[1];
    const name = /^\s*- name: (.+)$/.exec(line);
    if (section === 'services' && name?.[1]) service = name[1].replace(/^["']|["']$/g, '');
    const interval = /^ {2,4}scrape_interval: (\S+)$/.exec(line)?.[1];
    if (!interval) continue;
    if (section === 'global') found.usual = interval;
    else if (section === 'services' && interval !== found.usual) found.others.push({ service, interval });
  }
  return found;
}

/** `90 d`, `10 y`; `for ever` where nothing ends it. */
export function kept(seconds: number): string {
  if (seconds <= 0 || seconds >= 1e11) return 'for ever';
  const years = seconds / (365 * 86_400);
  return Number.isInteger(years) ? `${years} y` : step(seconds);
}

/** `9.35 MB of 21.5 GB (<1%)`. */
export function partOf(part: number, whole: number): string {
  return whole > 0 ? `${bytes(part)} of ${bytes(whole)} (${percent(part / whole)})` : bytes(part);
}
