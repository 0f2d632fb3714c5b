// Which rows of a list are chosen: as the address has it, and what a click, a key and a click with shift make of it.

/** `all` is everything that the query finds, on whatever page it is. */
export interface Selection {
  all: boolean;
  ids: ReadonlySet<number>;
}

export const nothing: Selection = { all: false, ids: new Set() };

export function parseSelection(text: string): Selection {
  if (text === 'all') return { all: true, ids: new Set() };
  const ids = text.split(',').filter((one) => /^\d{1,10}$/.test(one));
  return { all: false, ids: new Set(ids.map(Number)) };
}

export function formatSelection({ all, ids }: Selection): string {
  return all ? 'all' : Array.from(ids).join(',');
}

export function isSelected({ all, ids }: Selection, id: number): boolean {
  return all || ids.has(id);
}

/**
 * With one row more, or less. From all that the query finds, one less is what is on screen without it: nobody can name the others.
 */
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

/** The whole page, or none of it if it was. */
export function pageToggled(selection: Selection, shown: number[]): Selection {
  if (selection.all) return nothing;
  const whole = shown.every((id) => selection.ids.has(id));
  const rest = Array.from(selection.ids).filter((id) => !shown.includes(id));
  return { all: false, ids: new Set(whole ? rest : [...rest, ...shown]) };
}
