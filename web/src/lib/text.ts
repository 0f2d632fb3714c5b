// What a client sent may hold anything: control characters, bidirectional overrides, lone surrogates. Here it becomes text that can
// only be read, never act on what stands around it. (Markup needs nothing: React escapes it.)

/** Format characters that belong to writing: joiners of emoji and scripts, number signs of Arabic and Syriac. */
const harmless = /\u200c|\u200d|[\u0600-\u0605]|\u06dd|\u070f/;

/** Characters that would change how the rest of the page reads, each as something visible. New lines and tabs stay if asked for. */
export function visible(text: string, multiline = false): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => {
    if (harmless.test(c) || (multiline && (c === '\n' || c === '\t'))) return c;
    if (c === '\n') return '⏎';
    if (c === '\t') return ' ';
    const code = c.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '␡';
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** At most so many characters, cut between code points. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text
    .slice(0, max - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`;
}

/** What an error is called: its class, or its key where it has none. A client may send neither with anything to see in it. */
export function errorName(error: { class: string; aggregation_key: string }, max = 300): string {
  const name = [error.class, error.aggregation_key].find((one) => /[^\s\p{Cc}\p{Cf}]/u.test(one));
  return name === undefined ? '(no name)' : shorten(name, max);
}
