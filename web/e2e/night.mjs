// What somebody does who was woken: each journey on a desk and on a phone, by day and by night, with a mouse and by keyboard alone.
import assert from 'node:assert/strict';
import { keyboard, mouse } from './hand.mjs';
import { accessible, api, drag, fits, hash, open, panel, picture, plot, rows, said, settled, until } from './page.mjs';

const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
/** Every size with every colour; by keyboard on a desk, where there is one. */
const ways = [
  ['desk, light, mouse', desk, 'light', mouse],
  ['desk, dark, keyboard', desk, 'dark', keyboard],
  ['phone, light', phone, 'light', mouse],
  ['phone, dark', phone, 'dark', mouse],
];

function each(name, journey) {
  return Object.fromEntries(
    ways.map(([way, size, colorScheme, hand]) => [
      `${name}: ${way}`,
      async (page, base) => {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        await page.addInitScript(() => window.origin !== 'null' && localStorage.setItem('hydrophone-name', 'night'));
        await journey({ page, base, hand: hand(page), wide: size === desk, by: hand });
        await fits(page, name);
      },
    ]),
  );
}

const place = ({ service, aggregation_key }) =>
  `#/${encodeURIComponent(service)}/errors/${encodeURIComponent(aggregation_key)}`;

/** Looked at, and judged, where a journey stops for a moment. */
async function stop(page, name) {
  await settled(page);
  await picture(page, name);
  await fits(page, name);
  // The rules hold or break alike at the other size in these colours, and it takes a second each time.
  const light = await page.evaluate(() => document.documentElement.dataset.mantineColorScheme === 'light');
  if ((page.viewportSize().width === phone.width) === light) await accessible(page, name);
}

/** An error that goes on happening: in most of the last minutes, and there the most often. One burst is no such thing. */
async function livelyAmong(page, base, range, q = 'is:open') {
  const asked = (start, end, more) =>
    api(page, base, `aggregates?${new URLSearchParams({ q, sort: 'count', start, end, limit: '100', ...more })}`);
  const { aggregates } = await asked(...range);
  const recent = (await asked('now-5m', 'now', { sparkline: '10' })).aggregates;
  const often = ({ id }) => {
    const one = recent.find((one) => one.id === id);
    return one ? 1e6 * one.sparkline.counts.filter((count) => count > 0).length + one.count : 0;
  };
  const [most] = aggregates.slice(0, 40).toSorted((a, b) => often(b) - often(a));
  assert.ok(most && often(most) > 0, 'no error of that time happens now');
  return most;
}

async function resolvedAndBack({ page, base, hand }, error) {
  await hand.use(page.getByRole('button', { name: 'Resolve', exact: true }));
  await page.locator('main header').first().getByText('it reopens when it happens again').waitFor();
  const end = Date.now() + 150_000;
  while ((await api(page, base, `aggregates/${error.id}`)).state === 'resolved') {
    assert.ok(Date.now() < end, `${error.class} did not happen again`);
    await page.waitForTimeout(500);
  }
  await hand.use(page.getByRole('button', { name: 'Refresh now' }));
  await page.locator('main header').first().getByText('it was resolved, and happened again').waitFor();
}

export const night = {
  ...each('from an alert’s link to the stack', async ({ page, base, hand, wide }) => {
    const error = await livelyAmong(page, base, ['now-1h', 'now'], 'is:open class:*::*');
    await open(page, base, `${place(error)}?from=now-1h`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    const line = page.getByRole('article', { name: 'Sample' }).getByRole('region').first();
    await line.waitFor();
    const box = await line.boundingBox();
    // On a desk no click and no wheel stands between the link and the first lines of the stack; on a phone one flick does.
    assert.ok(box.y + 40 < (wide ? desk.height : 2 * phone.height), `the stack begins ${box.y} px down`);
    await stop(page, 'from an alert to the stack');
    const folded = page.getByRole('button', { name: /frames of libraries/ }).first();
    if (await folded.count()) {
      const before = await line.innerText();
      await hand.use(folded);
      await until('the frames are there', async () => (await line.innerText()).length > before.length);
    }
    await hand.use(page.getByRole('button', { name: 'Copy the stack trace' }));
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.startsWith(error.class), copied.slice(0, 80));
  }),

  ...each('what changed in the last hour', async ({ page, base, hand, by }) => {
    await open(page, base, '#/');
    await hand.use(page.getByRole('button', { name: /^Time range/ }));
    await hand.use(page.getByRole('button', { name: 'Last 1 hour' }));
    await until('it is the last hour', () => hash(page) === '#/?from=now-1h');
    await stop(page, 'the last hour, overview');
    const glance = page.getByRole('list', { name: 'At one glance' });
    const { aggregates } = await api(page, base, 'aggregates?q=is:escalating&start=now-1h&limit=1');
    const name = aggregates.length > 0 ? /^Escalating/ : /^Now/;
    await hand.use(glance.getByRole('link', { name }));
    await until('what it counts is listed', () => hash(page).startsWith('#/errors?from=now-'));
    await open(page, base, '#/errors?from=now-1h&sort=trend');
    await stop(page, 'the last hour, errors by trend');
    assert.ok((await rows(page).count()) > 0, 'the list is empty');
    if (by === keyboard) {
      // Whoever has the hands on the keyboard does not walk through the list to leave it.
      for (const key of ['g', 'a']) await page.keyboard.press(key);
    } else {
      await hand.use(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Activity' }));
    }
    await until('the activity of that hour', () => hash(page).startsWith('#/activity?from=now-1h'));
    await stop(page, 'the last hour, activity');
  }),

  ...each('a spike: its error, version and target, resolved and back again', async ({ page, base, hand, wide, by }) => {
    const day = await api(page, base, 'range?start=now-24h&end=now');
    const counts = day.total.counts;
    const top = counts.indexOf(Math.max(...counts));
    await open(page, base, '#/errors?by=service');
    await stop(page, 'a spike, before');
    const before = await said(page, 'Errors over time');
    if (by === keyboard) {
      await hand.use(page.locator('figure'));
      await page.keyboard.press('End');
      for (let n = counts.length - 1; n > top; n -= 1) await page.keyboard.press('ArrowLeft');
      for (const key of ['Shift+ArrowLeft', 'Shift+ArrowLeft', 'Enter']) await page.keyboard.press(key);
    } else {
      const middle = (top + 0.5) / counts.length;
      await drag(page, Math.max(0.005, middle - 0.03), Math.min(0.995, middle + 0.03));
    }
    await until('one looks at the spike', () => /from=\d{4}-.*&to=\d{4}-/.test(hash(page)));
    await settled(page);
    assert.ok((await said(page, 'Errors over time')) < before, 'less than all is a part');
    await stop(page, 'a spike, zoomed');
    const [, from, to] = /from=([^&]+)&to=([^&]+)/.exec(hash(page));
    const error = await livelyAmong(page, base, [from, to]);
    await hand.type(page.getByRole('combobox', { name: 'Query' }), `aggregate:${error.id}`);
    await page.keyboard.press('Enter');
    await until('it is the only one', async () => (await rows(page).count()) === 1);
    await settled(page);
    await hand.use(rows(page).first());
    await page.getByRole('heading', { level: 1 }).waitFor();
    const where = panel(page, 'Where it happens');
    for (const label of ['version', 'instance']) await where.getByText(label, { exact: true }).waitFor();
    await stop(page, 'a spike, its error');
    await resolvedAndBack({ page, base, hand }, error);
    await stop(page, 'a spike, its error regressed');
    await hand.use(page.locator('main header').first().getByRole('button', { name: 'Seen' }));
    await until('it was seen', async () => (await api(page, base, `aggregates/${error.id}`)).regressed === false);
    assert.ok(wide || (await plot(page).boundingBox()).height < phone.height / 3, 'the chart takes the whole phone');
  }),

  ...each('a page of errors is labelled at once and taken back', async ({ page, base, hand, wide }) => {
    const team = wide ? 'night desk' : 'night phone';
    const labelled = async () =>
      (
        await api(page, base, `aggregates?${new URLSearchParams({ q: 'has:label', start: 'now-30d', limit: '1000' })}`)
      ).aggregates.filter(({ labels }) => labels.shift === team).length;
    await open(page, base, '#/errors?from=now-30d&sort=count');
    await page.getByLabel('Select all', { exact: true }).focus();
    await page.keyboard.press('Space');
    const chosen = page.getByText(/^(All )?[\d,]+ selected$/).first();
    await chosen.waitFor();
    const many = Number(/[\d,]+/.exec(await chosen.innerText())[0].replaceAll(',', ''));
    assert.ok(many >= 30, `${many} are chosen`);
    await stop(page, 'many chosen');
    await hand.use(page.getByRole('button', { name: 'Label', exact: true }));
    await page.getByPlaceholder('team').fill(`shift=${team}`);
    await accessible(page, 'the label of many');
    await picture(page, 'many labelled');
    await page.keyboard.press('Enter');
    const notices = page.getByRole('region', { name: 'Notices' });
    await notices.getByText(`${many} errors labelled`).waitFor();
    assert.equal(await labelled(), many);
    await hand.use(notices.getByRole('button', { name: 'Undo' }));
    await notices.getByText('Taken back').waitFor();
    assert.equal(await labelled(), 0);
  }),

  ...each('two words over a month, and the oldest hit', async ({ page, base, hand }) => {
    const q = 'connection refused';
    await open(page, base, '#/search?from=now-30d');
    await hand.type(page.getByRole('combobox', { name: 'Query' }), q);
    await page.keyboard.press('Enter');
    await until('it is asked', () => hash(page).includes('q=connection+refused'));
    await stop(page, 'two words');
    await hand.use(rows(page).first());
    await page.getByRole('article', { name: 'Sample' }).waitFor();
    await hand.use(page.getByRole('button', { name: 'Oldest match' }));
    await until('there is none older', () => page.getByRole('button', { name: 'Older match' }).isDisabled());
    const shown = /occurrence=([\d-]+)/.exec(hash(page))?.[1];
    const { timestamp } = await api(page, base, `occurrences/${shown}`);
    const end = Date.parse(timestamp);
    const start = Date.now() - 30 * 86_400_000;
    // The page's range begins with a whole column: what lies before the month's own start is the oldest anyway.
    if (end > start + 1000) {
      const before = new URLSearchParams({ q, start: new Date(start).toISOString(), end: timestamp, limit: '1' });
      const { occurrences } = await api(page, base, `occurrences?${before}`);
      assert.deepEqual(occurrences, [], `${shown} is not the oldest`);
    }
    await stop(page, 'two words, the oldest hit');
  }),
};
