// The journeys of the files beside this one in a real browser against a running server: `npm run e2e -- http://127.0.0.1:8080/ [name…]`.
// The server must have errors of the last day and the last month, as the demo fleet has. CHROMIUM names another browser; with
// SCREENSHOTS set to a directory, journeys leave pictures there, and so does one that failed. HYDROPHONE names the binary for journeys
// that start servers of their own; without it they are left out. A journey that failed is gone once more. `--large` goes the journeys
// of lists.mjs instead, for which the server has to watch the fleet of benches/ui/fleet.mjs.
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { first } from './first.mjs';
import { hostile } from './hostile.mjs';
import { journeys } from './journeys.mjs';
import { lists } from './lists.mjs';
import { night } from './night.mjs';
import { prefix } from './prefix.mjs';
import { restart } from './restart.mjs';
import { stops } from './stops.mjs';
import { triage } from './triage.mjs';

const given = process.argv.slice(2);
const isLarge = given.includes('--large');
const [address, ...wanted] = given.filter((one) => one !== '--large');

if (!address) {
  console.error('usage: npm run e2e -- [--large] ADDRESS [JOURNEY…]');
  process.exit(2);
}
const base = new URL(address.endsWith('/') ? address : `${address}/`).href;
const browser = await launch();
let failed = 0;
const all = { ...journeys, ...stops, ...triage, ...night, ...first, ...prefix, ...restart, ...hostile };
for (const [name, journey] of Object.entries(isLarge ? lists : all)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  if (journey.own && !process.env.HYDROPHONE) {
    console.log(`left   ${name}: it needs HYDROPHONE, the binary`);
    continue;
  }
  const from = Date.now();
  const problem = await run(name, journey);
  // A machine that stood still for a while is no defect of the pages; what fails twice is. Both are said.
  const again = problem && (await run(name, journey));
  const outcome = !problem ? 'ok    ' : again ? 'FAILED' : 'again ';
  if (again) failed += 1;
  console.log([`${outcome} ${name} (${Date.now() - from} ms)`, problem, again].filter(Boolean).join('\n       '));
}
await browser.close();
console.log(failed === 0 ? 'all journeys ended well' : `${failed} of the journeys failed`);
process.exit(failed === 0 ? 0 : 1);

/** What went wrong, or nothing. Whatever the page itself complains of is wrong too. */
async function run(name, journey) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`thrown in the page: ${error.message}`));
  page.on('console', (message) => {
    const refused = /status of 4\d\d|net::ERR_(FAILED|CONNECTION_REFUSED)/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !(refused && journey.refuses)) complaints.push(message.text());
  });
  try {
    await journey(page, base);
    return complaints.length > 0 ? complaints.join('\n       ') : undefined;
  } catch (error) {
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name.replaceAll(/\W+/g, '-')}.png`) });
    return [error.message, ...complaints].join('\n       ');
  } finally {
    // A request that is still on its way to a journey that is over is nobody's failure.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
}
