// The one store of view state: the address bar.
import { useSyncExternalStore } from 'react';
import { noteScroll } from './scroll';
import { defaultView, formatPlace, type Place, parsePlace, type Route, type View } from './url';

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    window.addEventListener('hashchange', notify);
    window.addEventListener('popstate', notify);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.removeEventListener('hashchange', notify);
      window.removeEventListener('popstate', notify);
    }
  };
}

function notify(): void {
  for (const listener of listeners) listener();
}

function hash(): string {
  return window.location.hash;
}

/** The place of the last address that was read: every link of a page asks for the same one. */
let read: { hash: string; place: Place } = { hash: '', place: parsePlace('') };

function placeOf(current: string): Place {
  if (read.hash !== current) read = { hash: current, place: parsePlace(current) };
  return read.place;
}

/** Where we are. */
export function usePlace(): Place {
  return placeOf(useSyncExternalStore(subscribe, hash));
}

interface Go {
  route?: Route;
  view?: Partial<View>;
  /** Instead of a step that back undoes. */
  replace?: boolean;
  /** This step is a zoom: zooming out goes back over it. */
  zoom?: boolean;
  /** Cursors of the list's pages before this one. */
  trail?: string[];
}

/** What the browser keeps with a step in its history: what a link does not need. */
interface Step {
  zoom: boolean;
  trail: string[];
}

function step(): Step {
  const state: unknown = window.history.state;
  if (typeof state !== 'object' || state === null) return { zoom: false, trail: [] };
  const trail =
    'trail' in state && Array.isArray(state.trail) ? state.trail.filter((one) => typeof one === 'string') : [];
  return { zoom: 'zoom' in state && state.zoom === true, trail };
}

/** The place a change leads to. Another range, query or order starts the list from its first page. */
export function changed(place: Place, { route, view }: Pick<Go, 'route' | 'view'>): Place {
  const asks = (names: string[]) => view !== undefined && names.some((name) => name in view);
  const restarts = asks(['range', 'q', 'sort', 'all', 'actor', 'reason']) && !asks(['cursor']);
  // What nobody sees any more is no longer chosen.
  const chosen = asks(['range', 'q', 'all']) && !asks(['selected']) ? { selected: '' } : {};
  const list = { ...(restarts ? { cursor: '', pageNumber: 1 } : {}), ...chosen };
  const { split, occurrence, health, service, find, folded, target, actor, reason } = defaultView;
  const left = { split, occurrence, health, service, find, folded, target, actor, reason };
  const moved = { ...left, cursor: '', pageNumber: 1, selected: '' };
  const error = route === undefined ? {} : moved;
  return { route: route ?? place.route, view: { ...place.view, ...error, ...list, ...view } };
}

/** Goes there; the default is a step in the history. */
export function go(change: Go): void {
  const here = parsePlace(hash());
  const there = changed(here, change);
  const target = formatPlace(there);
  if (target === hash()) return;
  const trail = change.trail ?? (there.view.cursor === here.view.cursor ? step().trail : []);
  const state: Step = { zoom: change.zoom ?? false, trail };
  noteScroll();
  if (change.replace) window.history.replaceState({ ...window.history.state, ...state, zoom: step().zoom }, '', target);
  else window.history.pushState(state, '', target);
  notify();
}

/** To another page of the list, which starts at a cursor. */
export function turnTo(page: Pick<View, 'cursor' | 'pageNumber'> & Partial<View>, replace = false): void {
  const { view } = parsePlace(hash());
  const { trail } = step();
  const by = page.pageNumber - view.pageNumber;
  go({ view: page, replace, trail: by === 1 ? [...trail, view.cursor] : by === -1 ? trail.slice(0, -1) : [] });
}

/** To the list's next page. */
export function nextPage(cursor: string): void {
  const { view } = parsePlace(hash());
  turnTo({ cursor, pageNumber: view.pageNumber + 1 });
}

/** The cursor of the page before this one; nobody knows it when a link led here. */
export function cursorBefore(): string | undefined {
  return step().trail.at(-1);
}

/** To the page before this one, or to the first when a link led here. */
export function previousPage(): void {
  const { view } = parsePlace(hash());
  const cursor = cursorBefore() ?? '';
  turnTo({ cursor, pageNumber: cursor === '' ? 1 : view.pageNumber - 1 });
}

/** The address of a place, for a link. */
export function href(place: Place, change: Pick<Go, 'route' | 'view'>): string {
  return formatPlace(changed(place, change));
}

/** Undoes the last zoom if the last step was one; says whether it did. */
export function backFromZoom(): boolean {
  if (!step().zoom) return false;
  window.history.back();
  return true;
}
