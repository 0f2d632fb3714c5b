// A query cut into what it is made of, so that the query box can show it: as the server cuts it, though only the server understands it.
// Every character of the text is in exactly one piece, also while somebody types and quotes and brackets are still open.

export type Kind = 'blank' | 'bracket' | 'operator' | 'minus' | 'key' | 'value' | 'text';

export interface Piece {
  kind: Kind;
  text: string;
  /** It stands in quotes, which are of it. */
  quoted: boolean;
  /** It is excluded. */
  negated: boolean;
}

/** Before `::` and `://` only these are keys: an address and `ActiveRecord::NotFound` are text. */
const keys = new Set(
  `service is severity level state class message stack cause url method header assignee note has first_seen last_seen count key
   aggregate`.split(/\s+/),
);

export function pieces(q: string): Piece[] {
  const found: Piece[] = [];
  let rest = q;
  let negated = false;
  const put = (kind: Kind, length: number, quoted = false) => {
    found.push({ kind, text: rest.slice(0, length), quoted, negated });
    rest = rest.slice(length);
  };
  while (rest !== '') {
    const blanks = /^\s+/.exec(rest)?.[0].length ?? 0;
    if (blanks > 0) put('blank', blanks);
    else if (/^[()]/.test(rest)) put('bracket', 1);
    else if (rest.startsWith('-')) {
      negated = true;
      put('minus', 1);
      // What is said to be excluded ends with the term; a bracket is not followed to its end.
      negated = rest !== '' && !/^[\s()]/.test(rest);
      continue;
    } else if (/^(AND|OR|NOT)$/.test(word(rest))) {
      const not = rest.startsWith('NOT');
      put('operator', word(rest).length);
      negated = not;
      const gap = /^\s+/.exec(rest)?.[0].length ?? 0;
      if (gap > 0) put('blank', gap);
      if (not && !/^[()-]/.test(rest)) continue;
    } else {
      const key = keyOf(rest);
      if (key !== undefined) put('key', key.length + 1);
      const quoted = rest.startsWith('"');
      const length = quoted ? quote(rest) : word(rest).length;
      if (length > 0) put(key === undefined ? 'text' : 'value', length, quoted);
    }
    negated = false;
  }
  return found;
}

function keyOf(text: string): string | undefined {
  const [, key, after] = /^(\p{L}[\p{L}\p{N}_./-]*):([\s\S]*)$/u.exec(word(text)) ?? [];
  if (key === undefined || after === undefined) return undefined;
  const named = keys.has(key) || /^(header|label|target)\./.test(key);
  return named || !/^(:|\/\/)/.test(after) ? key : undefined;
}

/** Up to the quote that closes it and what sticks to that, or to the end. */
function quote(text: string): number {
  return /^"(?:\\[\s\S]|[^"\\])*"?/.exec(text)?.[0].length ?? text.length;
}

/** Up to a blank, or a closing bracket that was not opened in the word. */
function word(text: string): string {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === '\\') at++;
    else if (letter === '(') open++;
    else if (letter === ')' && open-- === 0) return text.slice(0, at);
    else if (/\s/.test(letter)) return text.slice(0, at);
  }
  return text;
}

/** From where to where a mistake is marked, in UTF-16 units: `position` is in characters, and the word there is what is wrong. */
export function mistake(q: string, position: number): { from: number; to: number } {
  const from = Array.from(q).slice(0, position).join('').length;
  const rest = /^\s*\S*/.exec(q.slice(from))?.[0] ?? '';
  return { from, to: from + rest.length };
}

/** The pieces with what is from here to there apart. */
export function split(all: Piece[], { from, to }: { from: number; to: number }): (Piece & { bad: boolean })[] {
  const found: (Piece & { bad: boolean })[] = [];
  let at = 0;
  for (const piece of all) {
    const cuts = [0, from - at, to - at, piece.text.length].map((cut) => Math.min(piece.text.length, Math.max(0, cut)));
    for (let part = 0; part < 3; part++) {
      const text = piece.text.slice(cuts[part], cuts[part + 1]);
      if (text !== '') found.push({ ...piece, text, bad: part === 1 });
    }
    at += piece.text.length;
  }
  return found;
}
