// The answers' types, made from the API's own description: `npm run schema` writes src/api/schema.ts from docs/openapi.json;
// `npm run check:schema` fails when what is there is not what would be written.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../docs/openapi.json', import.meta.url);
const target = new URL('../src/api/schema.ts', import.meta.url);
const head = '// Made from docs/openapi.json by `npm run schema`: do not edit.\n\n';

const made = head + astToString(await openapiTS(source, { alphabetize: true }));
if (process.argv.includes('--check')) {
  const there = await readFile(target, 'utf8').catch(() => '');
  if (there !== made) {
    console.error('src/api/schema.ts is not what docs/openapi.json says: run `npm run schema` in web/');
    process.exit(1);
  }
} else {
  await writeFile(target, made);
}
