// The rules that keep the pages in order: who may import whom, and how long a file may be.
import { expect, test } from 'vitest';

const sources = import.meta.glob<string>(['./**/*.{ts,tsx}', '!./api/schema.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

const permitted: Record<string, string[]> = {
  pages: ['pages', 'components', 'api', 'lib'],
  components: ['components', 'lib'],
  lib: ['lib'],
  api: ['api'],
};

const linesMax = 300;

/** External packages that have one home. */
const homes: Record<string, RegExp> = {
  uplot: /^\.\/components\//,
  '@tanstack/react-virtual': /^\.\/components\//,
  '@tanstack/react-query': /^\.\/(api\/|pages\/|app\.tsx)/,
};

function imports(text: string): string[] {
  return Array.from(text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g), ([, path]) => path ?? '');
}

test('each layer imports only what it may', () => {
  const wrong: string[] = [];
  for (const [path, text] of Object.entries(sources)) {
    const layer = path.split('/')[1] ?? '';
    for (const target of imports(text)) {
      const home = Object.entries(homes).find(([name]) => target === name || target.startsWith(`${name}/`));
      if (home && !home[1].test(path)) wrong.push(`${path} imports ${target}`);
      if (!target.startsWith('.') || !(layer in permitted)) continue;
      const into = new URL(target, `file://${path.slice(1)}`).pathname.split('/')[1] ?? '';
      if (!permitted[layer]?.includes(into)) wrong.push(`${path} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(Object.keys(sources).length).toBeGreaterThan(50);
});

test('no file is longer than one sitting', () => {
  const long = Object.entries(sources).filter(([, text]) => text.split('\n').length > linesMax + 1);
  expect(long.map(([path]) => path)).toEqual([]);
});

test('every source file begins with what it is for', () => {
  const silent = Object.entries(sources).filter(
    ([path, text]) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts') && !text.startsWith('// '),
  );
  expect(silent.map(([path]) => path)).toEqual([]);
});

test('no markup is made from strings and no address leaves the server', () => {
  const own = Object.entries(sources).filter(([path]) => !path.endsWith('.test.ts'));
  const bad = own.filter(([, text]) =>
    /innerHTML|InnerHTML|document\.write|\beval\(|https?:\/\/(?!www\.w3\.org)/.test(text),
  );
  expect(bad.map(([path]) => path)).toEqual([]);
});
