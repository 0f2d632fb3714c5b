// How far the page was scrolled is kept with each step of the history, and back goes there again. The browser does the same by itself, but
// before what was there has been drawn again.

/** How long a page may take to become as long as it was. */
const patienceMs = 3000;

/** After this long without scrolling the place is noted: a browser allows only so many notes in a while. */
const restMs = 120;

/** So many pictures in a row it has to be there: what draws the page anew may move it once more. */
const stillMax = 3;

let wanted: number | undefined;
let end = 0;
let still = 0;

/** Begins to note places and to go back to them; the returned function ends it. */
export function keepScroll(): () => void {
  const before = window.history.scrollRestoration;
  window.history.scrollRestoration = 'manual';
  let timer: number | undefined;
  const note = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(noteScroll, restMs);
  };
  const come = () => {
    window.clearTimeout(timer);
    wanted = notedScroll();
    end = performance.now() + patienceMs;
    still = 0;
    approach();
  };
  const forget = () => {
    wanted = undefined;
  };
  const own = ['wheel', 'touchstart', 'pointerdown', 'keydown'];
  window.addEventListener('scroll', note, { passive: true });
  window.addEventListener('popstate', come);
  for (const name of own) window.addEventListener(name, forget, { passive: true });
  come();
  return () => {
    window.clearTimeout(timer);
    window.history.scrollRestoration = before;
    window.removeEventListener('scroll', note);
    window.removeEventListener('popstate', come);
    for (const name of own) window.removeEventListener(name, forget);
  };
}

/** Whether the page is on its way to where it was. */
export function isReturning(): boolean {
  return wanted !== undefined;
}

function approach(): void {
  if (wanted === undefined) return;
  still = Math.abs(window.scrollY - wanted) < 1 ? still + 1 : 0;
  window.scrollTo(0, wanted);
  if (still > stillMax || performance.now() > end) wanted = undefined;
  else window.requestAnimationFrame(approach);
}

function notedScroll(): number | undefined {
  const state: unknown = window.history.state;
  if (typeof state !== 'object' || state === null || !('scroll' in state)) return undefined;
  return typeof state.scroll === 'number' ? state.scroll : undefined;
}

/** Notes how far the page is scrolled, where it is still on its way how far it will be. */
export function noteScroll(): void {
  const state: unknown = window.history.state;
  const kept = typeof state === 'object' && state !== null ? state : {};
  window.history.replaceState({ ...kept, scroll: wanted ?? window.scrollY }, '');
}
