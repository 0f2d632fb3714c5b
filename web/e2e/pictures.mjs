// The README's pictures, taken of the demo fleet: `make pictures`. Each is there by day and by night. HYDROPHONE names the binary,
// the argument the directory; with an address behind it, they are taken of a demo that runs there.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { api, open, rows, settled } from './page.mjs';
import { demo, during } from './server.mjs';

const bytesMax = 1_000_000;
const quality = 82;

const place = ({ service, aggregation_key }) =>
  `#/${encodeURIComponent(service)}/errors/${encodeURIComponent(aggregation_key)}`;

/** What the story of the fleet is about: a release of the night brought an error that was not there before. */
async function newest(page, base) {
  const { aggregates } = await api(page, base, 'aggregates?q=is:new&start=now-24h&sort=count&limit=1');
  assert.equal(aggregates.length, 1, 'the demo has no new error');
  return aggregates[0];
}

const desk = { width: 1280, height: 800 };

const pictures = {
  overview: { size: desk, place: () => '#/' },
  error: { size: { width: 1280, height: 960 }, place: (error) => `${place(error)}?from=now-24h` },
  search: {
    size: desk,
    place: () => '#/search?from=now-30d&q=connection+refused',
    act: async (page) => {
      await rows(page).nth(1).click();
      await page.getByRole('article', { name: 'Sample' }).waitFor();
      await page.evaluate(() => window.scrollTo(0, 250));
    },
  },
  phone: { size: { width: 390, height: 844 }, place: (error) => `${place(error)}?from=now-24h` },
};

const [directory, address] = process.argv.slice(2);
if (!directory || !(address || process.env.HYDROPHONE)) {
  console.error('usage: HYDROPHONE=BINARY node e2e/pictures.mjs DIRECTORY [ADDRESS]');
  process.exit(2);
}
await mkdir(directory, { recursive: true });
const browser = await launch();
let whole = 0;
await during(address ? { base: address, stop: async () => {} } : demo(), async ({ base }) => {
  for (;;) {
    const { search } = await (await fetch(`${base}api/v1/status`)).json();
    if (search.complete) break;
    await new Promise((done) => setTimeout(done, 500));
  }
  for (const [name, { size, place: where, act }] of Object.entries(pictures))
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({
        viewport: size,
        colorScheme,
        deviceScaleFactor: 1.5,
        reducedMotion: 'reduce',
        timezoneId: 'UTC',
        locale: 'en-GB',
      });
      const page = await context.newPage();
      const error = await newest(page, base);
      const told = { assignee: 'ada', note: 'Came with the release, rolled back after 48 minutes.' };
      const asked = { data: told, headers: { 'x-hydrophone-user': 'ada' } };
      const answer = await page.request.patch(`${base}api/v1/aggregates/${error.id}`, asked);
      assert.ok(answer.ok(), await answer.text());
      await open(page, base, where(error));
      await act?.(page);
      await settled(page);
      // The room for a bar to scroll with is empty in a picture.
      await page.evaluate(() => {
        document.documentElement.style.scrollbarGutter = 'auto';
      });
      await page.waitForTimeout(500);
      const session = await context.newCDPSession(page);
      const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality });
      const file = join(directory, `${name}-${colorScheme}.webp`);
      const bytes = Buffer.from(data, 'base64');
      await writeFile(file, bytes);
      whole += bytes.length;
      console.log(`${file}: ${Math.round(bytes.length / 1000)} kB`);
      await context.close();
    }
});
await browser.close();
assert.ok(whole < bytesMax, `the pictures have ${whole} bytes, more than ${bytesMax}`);
