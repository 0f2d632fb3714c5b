// Addresses of what the server makes: pictures, tables. Relative to the page, so that any path prefix works.

export type Query = Record<string, string | number | undefined>;

/** The query of a request; what is empty is left out. */
export function queryString(params: Query): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.set(name, String(value));
  return query.toString();
}

/** The whole address, for a link that leaves the page. */
export function addressOf(path: string, params: Query): string {
  const url = new URL(path, document.baseURI);
  url.hash = '';
  url.search = queryString(params);
  return url.href;
}

/** A picture for Markdown that leads to the page it shows. */
export function markdownImage(title: string, picture: string, page: string): string {
  const safe = title.replace(/[\\[\]]/g, '\\$&').replace(/\s+/g, ' ');
  const link = (address: string) => address.replaceAll('(', '%28').replaceAll(')', '%29').replaceAll(' ', '%20');
  return `[![${safe}](${link(picture)})](${link(page)})`;
}

/** `errors-by-service-2026-11-20`: a name that every file system takes. */
export function fileName(...parts: string[]): string {
  const words = parts.map((part) =>
    part
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, ''),
  );
  return words.filter(Boolean).join('-').slice(0, 80);
}

/** Gives a text to the browser to keep as a file. */
export function saveText(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
