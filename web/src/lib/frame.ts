// Lines of stack traces in whatever language: which part is the place in the source, so that the eye finds it.

export interface Frame {
  before: string;
  /** `checkout/cart.py", line 12` or `Cart.java:42`: file and line. */
  place: string;
  after: string;
}

const file = String.raw`[^\s"'()\[\]<>:|]+\.(?:py|java|go|rb|js|mjs|cjs|jsx|ts|tsx|scala|kt|rs|php|cs|fs|c|cc|cpp|h|hpp|ex|exs|erl|clj|swift|m|pl|lua|vue)`;
const place = new RegExp(
  String.raw`(?:\b[a-z][\w+.-]*://|\b[A-Za-z]:(?=\\))?${file}(?::\d+(?::\d+)?|", line \d+|\(\d+\))`,
);

export function frame(line: string): Frame {
  const match = place.exec(line);
  if (!match) return { before: line, place: '', after: '' };
  const end = match.index + match[0].length;
  return { before: line.slice(0, match.index), place: match[0], after: line.slice(end) };
}

/** A client may send the trace as one string with line breaks, or with a break at each entry's end. */
export function lines(stack: string[]): string[] {
  const all = stack.flatMap((entry) => entry.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n'));
  while (all.at(-1)?.trim() === '') all.pop();
  return all;
}

export interface Link {
  class: string;
  message: string;
  stacktrace?: string[] | null;
}

/** The whole chain as plain text, for the clipboard. */
export function plainTrace(chain: Link[]): string {
  return chain
    .map((link, index) => {
      const title = [link.class, link.message].filter(Boolean).join(': ');
      return [`${index > 0 ? 'Caused by: ' : ''}${title}`, ...lines(link.stacktrace ?? [])].join('\n');
    })
    .join('\n');
}
