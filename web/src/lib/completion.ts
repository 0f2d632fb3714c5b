// A suggestion put into the query at the cursor. Places are in characters, as the server counts them, not in UTF-16 units.

export interface Place {
  start: number;
  end: number;
}

/** Where the cursor is, in characters. */
export function cursorIn(text: string, offset: number | null): number {
  return Array.from(text.slice(0, offset ?? text.length)).length;
}

/** The query with `word` in the place of what stood there, and where the cursor is then, in UTF-16 units. */
export function complete(text: string, { start, end }: Place, word: string): { text: string; offset: number } {
  const characters = Array.from(text);
  const rest = characters.slice(end).join('');
  // A value is done and the next term follows; a key waits for its value.
  const blank = word.endsWith(':') || /^[\s)]/.test(rest) ? '' : ' ';
  const head = characters.slice(0, start).join('') + word + blank;
  return { text: head + rest, offset: head.length };
}
