// Which rows of a list are chosen: as the address has it, and what a click, a key and a click with shift make of it.

/** `all` is everything that the query finds, on whatever page it is. */
export interface Selection {
  all: boolean;
  ids: ReadonlySet<number>;
}

export const nothing: Selection = { all: false, ids: new Set() };

/** As many as the server changes at once. */
const idsMax = 100_000;

/** More than these are told by their ranges: an address has to stay one. */
const plainMax = 100;

export function parseSelection(text: string): Selection {
  if (text === 'all') return { all: true, ids: new Set() };
  const ids = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part) ?? [];
    if (first === undefined) continue;
    for (let id = Number(first); id <= Number(last) && ids.size < idsMax; id++) ids.add(id);
  }
  return { all: false, ids };
}

export function formatSelection({ all, ids }: Selection): string {
  if (all) return 'all';
  return ids.size <= plainMax ? Array.from(ids).join(',') : ranges(Array.from(ids).sort((a, b) => a - b)).join(',');
}

/** Ascending numbers as `3`, `5-9`. */
function ranges(numbers: number[]): string[] {
  const found: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const current = found.at(-1);
    if (current && number === current.last + 1) current.last = number;
    else found.push({ first: number, last: number });
  }
  return found.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
}

export function isSelected({ all, ids }: Selection, id: number): boolean {
  return all || ids.has(id);
}

/** With one row more, or less. `shown` is the whole list, loaded or not. */
export function toggled(selection: Selection, id: number, shown: number[]): Selection {
  const ids = new Set(selection.all ? shown : selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { all: false, ids };
}

/** Everything from the row that was chosen last to this one, in whichever direction. */
export function reached(selection: Selection, anchor: number | undefined, id: number, shown: number[]): Selection {
  const [one, other] = [shown.indexOf(anchor ?? id), shown.indexOf(id)];
  if (one < 0 || other < 0) return toggled(selection, id, shown);
  const between = shown.slice(Math.min(one, other), Math.max(one, other) + 1);
  return { all: false, ids: new Set([...(selection.all ? shown : selection.ids), ...between]) };
}

/** All that the query finds, or nothing if that was so. */
export function allToggled(whole: boolean): Selection {
  return whole ? nothing : { all: true, ids: new Set() };
}
