// The query box's language, as far as the page writes it itself: `key:value` terms apart by spaces, values quoted when they must be.
// Understanding a query is the server's business; here terms are only found, added and taken out.

export interface Term {
  /** As it stands in the query. */
  text: string;
  negated: boolean;
  key: string | undefined;
  value: string;
}

/** Cuts a query into its terms. An open quote runs to the end, as the server will say. */
export function terms(q: string): Term[] {
  const found: Term[] = [];
  for (const match of q.matchAll(/(-?)(?:([\p{L}\p{N}_.\-/]+):)?("(?:\\[\s\S]|[^"\\])*(?:"|$)|\S+)/gu)) {
    const [text, minus, key, value = ''] = match;
    found.push({ text, negated: minus === '-', key, value: unquote(value) });
  }
  return found;
}

/** `key:value` with the value quoted when a plain word would not mean itself. */
export function term(key: string, value: string): string {
  return `${key}:${quote(value)}`;
}

/** Longer values do not fit into a query, which may have 4,096 characters. */
const valueCharactersMax = 1500;

/** As `term`; a value that is too long for a query is asked for by how it begins, so that there may be others among what is found. */
export function termOrStart(key: string, value: string): string {
  const characters = Array.from(value);
  if (characters.length <= valueCharactersMax) return term(key, value);
  const start = characters.slice(0, valueCharactersMax).join('');
  return `${key}:"${start.replace(/["\\*]/g, '\\$&')}*"`;
}

/** A value that means only itself: in quotes unless it is a plain word, with `"`, `\` and `*` escaped. */
export function quote(value: string): string {
  if (/^[\p{L}\p{N}_./@$+=,;%&~#!?^:[\]{}|'-]+$/u.test(value)) return value;
  return `"${value.replace(/["\\*]/g, '\\$&')}"`;
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replace(/\\([\s\S])/g, '$1');
}

/** Whether the query is more than terms that all have to hold. */
function isStructured(q: string): boolean {
  return terms(q).some((t) => /^(AND|OR|NOT)$/.test(t.text) || /^-?\(/.test(t.text));
}

export function hasTerm(q: string, key: string, value: string): boolean {
  if (isStructured(q)) return q.endsWith(`) ${term(key, value)}`);
  return terms(q).some((t) => !t.negated && t.key === key && t.value === value);
}

/** Takes the term out if it is there; else puts it in, in place of other values of the same key (terms are ANDed, and only of `is`
 * may several hold).
 * A query with operators or brackets is kept whole, in brackets, with the term after it. */
export function toggleTerm(q: string, key: string, value: string): string {
  if (isStructured(q)) {
    const whole = /^\(([\s\S]*)\) (\S+|\S*"[^"]*")$/.exec(q);
    if (whole?.[2] === term(key, value)) return whole[1] ?? '';
    return `(${q}) ${term(key, value)}`;
  }
  const present = hasTerm(q, key, value);
  const rest = terms(q)
    .filter((t) => t.negated || t.key !== key || (key === 'is' && t.value !== value))
    .filter((t) => !lacks(t, key))
    .map((t) => t.text);
  return (present ? rest : [...rest, term(key, value)]).join(' ');
}

/** `-has:label.team`. */
function lacks(t: Term, key: string): boolean {
  return t.negated && t.key === 'has' && t.value === key;
}

/** Whether the query asks for what has no value for the key. */
export function asksForNone(q: string, key: string): boolean {
  return isStructured(q) ? q.endsWith(`) -has:${key}`) : terms(q).some((t) => lacks(t, key));
}

/** As `toggleTerm`, for what has no value for the key. */
export function toggleNone(q: string, key: string): string {
  const none = `-has:${key}`;
  if (isStructured(q)) return q.endsWith(`) ${none}`) ? q.slice(1, -none.length - 2) : `(${q}) ${none}`;
  const rest = terms(q).filter((t) => !lacks(t, key) && (t.negated || t.key !== key));
  const texts = rest.map((t) => t.text);
  return (asksForNone(q, key) ? texts : [...texts, none]).join(' ');
}
