// What somebody does with the pages, one journey to a function.
import assert from 'node:assert/strict';
import {
  accessible,
  api,
  drag,
  fits,
  hash,
  open,
  panel,
  plot,
  rows,
  said,
  settled,
  shownSample,
  until,
} from './page.mjs';

const month = '#/errors?from=now-30d';
const overview = '#/?from=now-30d';
const searched = '#/search?from=now-30d&q=java OR timeout OR error';
const firstLoadBytesMax = 350_000;
const hour = 3_600_000;

async function firstError(page, base) {
  const { aggregates } = await api(page, base, 'aggregates?start=now-30d&limit=1');
  assert.ok(aggregates.length > 0, 'the server has no errors of the last month');
  return aggregates[0];
}

/** One that has samples to walk, and goes on getting more. */
async function errorWithSamples(page, base) {
  const { aggregates } = await api(page, base, 'aggregates?start=now-30d&limit=20&sort=count');
  for (const error of aggregates) if ((await samplesOf(page, base, error)).length >= 3) return error;
  throw new Error('no error has three samples');
}

async function samplesOf(page, base, { id }) {
  return (await api(page, base, `aggregates/${id}/occurrences?limit=100`)).occurrences;
}

function deepLink({ service, aggregation_key }) {
  return `#/${encodeURIComponent(service)}/errors/${encodeURIComponent(aggregation_key)}`;
}

function refusing(journey) {
  journey.refuses = true;
  return journey;
}

export const journeys = {
  'a month of history is there at once': async (page, base) => {
    await open(page, base, month);
    const { services } = await api(page, base, 'services?start=now-30d');
    assert.equal(await panel(page, 'Services').locator('tbody tr').count(), services.length);
    assert.ok((await said(page, 'Errors over time')) > 0, 'the chart is empty');
    assert.ok((await rows(page).count()) > 0, 'the list is empty');
    const bytes = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter((one) => /\.(js|css)$/.test(one.name))
        .reduce((sum, one) => sum + one.encodedBodySize, 0),
    );
    assert.ok(bytes < firstLoadBytesMax, `the first load is ${bytes} bytes`);
  },

  'the chart says what the API says': async (page, base) => {
    const end = Math.floor(Date.now() / hour) * hour;
    const [from, to] = [end - 24 * hour, end].map((ms) => new Date(ms).toISOString().replace('.000', ''));
    const asked = `range?start=${from}&end=${to}&by=severity`;
    const before = await api(page, base, asked);
    await open(page, base, `#/errors?from=${from}&to=${to}&by=severity`);
    const answer = await api(page, base, asked);
    const shown = await said(page, 'Errors over time');
    // A target that comes back may tell of the time it was away just between two questions.
    assert.ok(shown >= before.total.total && shown <= answer.total.total, `${shown} is not ${answer.total.total}`);
    const legend = page.getByRole('list', { name: 'Series' }).getByRole('listitem');
    assert.equal(await legend.count(), answer.series.length + (answer.other ? 1 : 0));
    const figure = await page.locator('figure').boundingBox();
    await page.mouse.move(figure.x + figure.width / 2, figure.y + 100);
    const tooltip = await page.getByTestId('tooltip').innerText();
    assert.match(tooltip, /\d\d:\d\d – /);
    assert.match(tooltip, /(no errors|[\d,]+ errors?) in \d+ (s|min|h|d)/);
  },

  'a preset changes the address and the chart': async (page, base) => {
    await open(page, base, month);
    const before = await said(page, 'Errors over time');
    await page.getByRole('button', { name: /^Time range/ }).click();
    await page.getByRole('button', { name: 'Last 6 hours' }).click();
    await until('the address has the preset', () => hash(page).includes('from=now-6h'));
    await settled(page);
    assert.ok((await said(page, 'Errors over time')) < before, 'six hours have as many errors as a month');
  },

  'a range of one’s own is checked and taken': async (page, base) => {
    await open(page, base);
    await page.getByRole('button', { name: /^Time range/ }).click();
    await page.getByLabel('From', { exact: true }).fill('yesterday');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Use now-6h').waitFor();
    await page.getByLabel('From', { exact: true }).fill('now-2d');
    await page.getByLabel('To', { exact: true }).fill('now-1d');
    await page.getByRole('button', { name: 'Apply' }).click();
    await until('the address has the range', () => /from=now-2d&to=now-1d/.test(hash(page)));
  },

  'a drag zooms in, back zooms out, so does a double click': async (page, base) => {
    await open(page, base, month);
    await drag(page, 0.4, 0.6);
    await until('the address has an absolute range', () => /from=\d{4}-.*&to=\d{4}-/.test(hash(page)));
    await settled(page);
    const once = hash(page);
    await drag(page, 0.4, 0.6);
    await until('it zooms again', () => hash(page) !== once);
    await page.goBack();
    await until('back undoes the second zoom', () => hash(page) === once);
    await settled(page);
    await plot(page).dblclick();
    await until('a double click undoes the first', () => hash(page) === '#/errors?from=now-30d');
  },

  'a click on a service filters by it': async (page, base) => {
    await open(page, base, month);
    const services = panel(page, 'Services').locator('tbody');
    const name = (await services.getByRole('button').first().innerText()).trim();
    await services.getByRole('button').first().click();
    await until('the address has the filter', () => hash(page).includes('q=service:'));
    await settled(page);
    const said = await page
      .locator('[data-error-link]')
      .evaluateAll((links) => links.map((link) => link.closest('li').innerText));
    assert.ok(
      said.every((text) => text.includes(name)),
      `a row is not of ${name}`,
    );
    await services.getByRole('button', { name, exact: true }).click();
    await until('a second click takes it out', () => !hash(page).includes('q='));
  },

  'the legend filters too': async (page, base) => {
    await open(page, base, `${month}&by=severity`);
    await page.getByRole('list', { name: 'Series' }).getByRole('button').first().click();
    await until('the address has the filter', () => hash(page).includes('q=severity:'));
    await settled(page);
    assert.equal(await page.getByRole('list', { name: 'Series' }).getByRole('listitem').count(), 1);
  },

  'an error opens and back returns to the list': async (page, base) => {
    await open(page, base, `${month}&sort=count`);
    const name = await rows(page).first().innerText();
    await rows(page).first().click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await settled(page);
    assert.match(hash(page), /^#\/.+\/errors\/.+\?from=now-30d&sort=count/);
    await panel(page, 'Samples').waitFor();
    await panel(page, 'Where it happens').waitFor();
    await page.goBack();
    await until('the list is back', () => hash(page) === '#/errors?from=now-30d&sort=count');
    await rows(page).first().waitFor();
  },

  'a deep link lands on its error': async (page, base) => {
    const error = await firstError(page, base);
    await open(page, base, deepLink(error));
    const title = await page.getByRole('heading', { level: 1 }).innerText();
    assert.ok(title.includes(error.class || error.aggregation_key), title);
    assert.ok((await page.locator('main dl').first().innerText()).includes(error.aggregation_key));
  },

  'a deep link to nothing says so': refusing(async (page, base) => {
    const { service } = await firstError(page, base);
    await open(page, base, deepLink({ service, aggregation_key: 'no such key@1' }));
    await page.getByText('It is not known here').waitFor();
  }),

  'samples are walked from the newest to the oldest': async (page, base) => {
    const error = await errorWithSamples(page, base);
    await open(page, base, deepLink(error));
    const newest = await shownSample(page);
    await page.getByRole('button', { name: 'Older', exact: true }).click();
    await until('another one is there', async () => (await shownSample(page)) !== newest);
    const next = await shownSample(page);
    // Newer ones may have come since: what is older than the one that was shown stands behind it.
    const all = await samplesOf(page, base, error);
    const at = all.findIndex((one) => one.uuid === newest);
    assert.ok(at >= 0 && all[at + 1]?.uuid === next, `${next} does not follow ${newest}`);
    assert.ok(hash(page).includes(`occurrence=${all[at + 1].id}`), hash(page));
    await page.getByRole('button', { name: 'Newer', exact: true }).click();
    await until('the newer one is back', async () => (await shownSample(page)) === newest);
    await page.getByRole('button', { name: 'Oldest', exact: true }).click();
    await page.getByRole('button', { name: 'Oldest', exact: true, disabled: true }).waitFor();
    const { first_occurrence } = await api(page, base, `aggregates/${error.id}`);
    assert.ok(hash(page).includes(`occurrence=${first_occurrence}`), hash(page));
    await page.getByRole('button', { name: 'Newest', exact: true }).click();
    await until('the newest needs no address', () => !hash(page).includes('occurrence='));
  },

  'the samples of an error are a list, too, and each is one click away': async (page, base) => {
    const error = await errorWithSamples(page, base);
    await open(page, base, deepLink(error));
    await panel(page, 'Samples').getByRole('button', { name: 'List', exact: true }).click();
    const list = page.getByRole('list', { name: /^All samples/ });
    const lines = list.getByRole('button');
    const all = await lines.count();
    assert.ok(all >= 3, `${all} samples are listed`);
    assert.equal(await list.locator('[tabindex="0"]').count(), 1);
    await lines.nth(2).click();
    const third = await shownSample(page);
    await until('it is the current one', async () => (await lines.nth(2).getAttribute('aria-current')) === 'true');
    await page.keyboard.press('ArrowUp');
    await until('the one before it is shown', async () => (await shownSample(page)) !== third);
    await page.keyboard.press('ArrowDown');
    await until('and the third again', async () => (await shownSample(page)) === third);
    await accessible(page, 'a list of samples');
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page, 'a list of samples');
  },

  // Samples that it makes up have no Markdown.
  'a refresh brings newer samples and keeps the one that is read': refusing(async (page, base) => {
    const error = await errorWithSamples(page, base);
    let arrived = 0;
    await page.route(/\/occurrences\?/, async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      const more = Array.from({ length: arrived }, (_, n) => ({
        ...answer.occurrences[0],
        id: `n-${n}`,
        uuid: `new-${n}`,
      }));
      await route.fulfill({ response, json: { ...answer, occurrences: [...more.reverse(), ...answer.occurrences] } });
    });
    await open(page, base, deepLink(error));
    const read = await shownSample(page);
    arrived = 2;
    await page.keyboard.press('r');
    await until('the newer ones can be gone to', () =>
      page.getByRole('button', { name: 'Newer', exact: true }).isEnabled(),
    );
    assert.equal(await shownSample(page), read);
    await until('the address names what is read', () => hash(page).includes('occurrence='));
    await page.getByRole('button', { name: 'Newest', exact: true }).click();
    await until('the newest is there', async () => (await shownSample(page)) === 'new-1');
  }),

  'the order of the list is chosen by its head': async (page, base) => {
    await open(page, base, month);
    await page.getByRole('button', { name: 'Count', exact: true }).click();
    await until('the address has the order', () => hash(page).includes('sort=count'));
    await settled(page);
    const { aggregates } = await api(page, base, 'aggregates?start=now-30d&sort=count&limit=1');
    assert.ok((await rows(page).first().innerText()).includes(aggregates[0].class || aggregates[0].aggregation_key));
  },

  'a mistake in the query is shown at its place': refusing(async (page, base) => {
    await open(page, base);
    await page.keyboard.press('/');
    await page.keyboard.type('timeout colour:red');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'colour' }).first().waitFor();
    assert.ok((await page.locator('mark').innerText()).startsWith('colour'));
    await page.getByRole('button', { name: 'Clear the query' }).click();
    await settled(page);
    await rows(page).first().waitFor();
  }),

  'the keyboard is enough': async (page, base) => {
    await open(page, base, month);
    const names = await rows(page).evaluateAll((links) => links.map((link) => link.textContent));
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), names[0]);
    await page.keyboard.press('Shift+?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await rows(page).first().focus();
    await page.keyboard.press('o');
    await page.getByRole('heading', { level: 1, name: names[0] }).waitFor();
    await page.keyboard.press('u');
    await rows(page).first().waitFor();
    await until('it stands at the same row', () =>
      page.evaluate((name) => document.activeElement?.textContent === name, names[0]),
    );
    await page.locator('figure').focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByTestId('tooltip').waitFor();
  },

  'what was loaded stays when a refresh fails': refusing(async (page, base) => {
    await open(page, base, month);
    const list = () =>
      page.locator('li[data-id]').evaluateAll((all) => all.slice(0, 3).map((row) => [row.dataset.id, row.ariaSetSize]));
    const before = await list();
    assert.equal(before.length, 3);
    // It answers, so that the connection is not taken for lost.
    await page.route('**/api/v1/**', (route) => route.fulfill({ status: 400, body: '{}' }));
    await page.keyboard.press('r');
    await panel(page, 'Errors').getByRole('alert').filter({ hasText: 'What you see is older' }).waitFor();
    assert.deepEqual(await list(), before);
    await page.unroute('**/api/v1/**');
    await panel(page, 'Errors').getByRole('button', { name: 'Try again' }).click();
    await panel(page, 'Errors').getByRole('alert').waitFor({ state: 'detached' });
  }),

  'a word is found in the samples, marked, narrowed and opened': async (page, base) => {
    const { occurrences } = await api(page, base, 'occurrences?limit=1');
    const word = /[A-Za-z]{4,}/.exec(occurrences[0].class)[0];
    await open(page, base, '#/search?from=now-30d');
    await page.keyboard.press('/');
    await page.keyboard.type(word);
    await page.keyboard.press('Enter');
    await until('the address has the query', () => hash(page).includes(`q=${word}`));
    await settled(page);
    const before = await said(page, 'Search');
    assert.ok(before > 0 && (await rows(page).count()) > 0, `nothing has ${word}`);
    assert.equal((await page.locator('li mark').first().innerText()).toLowerCase(), word.toLowerCase());
    const facet = panel(page, 'By service').getByRole('button').first();
    await facet.click();
    await until('the address has the facet', () => /service:/.test(hash(page)));
    await settled(page);
    assert.ok((await said(page, 'Search')) <= before + 50, 'a facet makes it more');
    await rows(page).first().click();
    await page.getByRole('article', { name: 'Sample' }).waitFor();
    assert.match(hash(page), /occurrence=\d+-\d+-\d+/);
    await page.getByRole('button', { name: 'Copy Markdown' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const markdown = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(markdown.startsWith('## `'), markdown);
    await page.goBack();
    await page.getByRole('article', { name: 'Sample' }).waitFor({ state: 'detached' });
  },

  'the matches are walked by keyboard, and the oldest is one step away': async (page, base) => {
    // Not where a bucket begins; and with the last bucket whole, nothing comes to it meanwhile.
    const [from, to] = [30 * 24 - 0.3, 24].map((hours) =>
      new Date((Math.floor(Date.now() / hour) - hours) * hour).toISOString().replace('.000', ''),
    );
    const { service } = await errorWithSamples(page, base);
    const asked = `occurrences?q=service:${service}&limit=100`;
    // The page asks for the curve too, and so for whole buckets.
    const { summary, ...range } = await api(page, base, `${asked}&start=${from}&end=${to}&buckets=180`);
    const { total } = summary;
    let end = [];
    let cursor = '';
    do {
      const { occurrences, next_cursor } = await api(
        page,
        base,
        `${asked}&start=${range.start}&end=${range.end}${cursor && `&cursor=${cursor}`}`,
      );
      // The last page may hold a single one.
      end = [...end, ...occurrences].slice(-2);
      cursor = next_cursor;
    } while (cursor);
    const [before, oldest] = end;
    assert.ok(total > 100, `${service} has ${total} samples, too few to have pages`);

    await open(page, base, `#/search?from=${from}&to=${to}&q=service:${service}`);
    const openedIs = (number) => page.getByText(new RegExp(`^${number.toLocaleString('en-US')} of [\\d,]+$`));
    for (const key of ['j', 'j', 'o']) await page.keyboard.press(key);
    await openedIs(2).waitFor();
    await page.keyboard.press('n');
    await openedIs(3).waitFor();
    await page.getByRole('button', { name: 'Oldest match' }).click();
    await until('the oldest is open', () => hash(page).includes(`occurrence=${oldest.id}`));
    await openedIs(total).waitFor();
    assert.ok(hash(page).includes(`page=${Math.ceil(total / 50)}`), hash(page));
    assert.ok(await page.getByRole('button', { name: 'Older match' }).isDisabled());
    await page.keyboard.press('p');
    await until('so is the one before it', () => hash(page).includes(`occurrence=${before.id}`));
    await page.keyboard.press('Escape');
    await until('it is closed', () => !hash(page).includes('occurrence='));
    await page.getByRole('navigation', { name: 'Pages of the list' }).getByRole('button', { name: 'Newer' }).click();
    await until('the page before it', () => hash(page).includes(`page=${Math.ceil(total / 50) - 1}`));
    await settled(page);
    assert.equal(await rows(page).count(), 50);
  },

  'a drag over the matches zooms in on them': async (page, base) => {
    await open(page, base, '#/search?from=now-30d');
    const before = await said(page, 'Search');
    await drag(page, 0.5, 0.7);
    await until('the address has the range', () => /from=\d{4}-/.test(hash(page)));
    await settled(page);
    const zoomed = await said(page, 'Search');
    assert.ok(zoomed > 0 && zoomed < before, `${zoomed} of ${before}`);
    await plot(page).dblclick();
    await until('zoomed out', () => hash(page).includes('from=now-30d'));
  },

  'an error of the matches is chosen, and opened with one of its samples': async (page, base) => {
    await open(page, base, '#/search?from=now-30d');
    const first = panel(page, 'Errors').getByRole('listitem').first();
    await first.getByRole('button').click();
    await until('it is asked for', () => /q=aggregate:\d+/.test(hash(page)));
    await settled(page);
    assert.equal(await panel(page, 'Errors').getByRole('listitem').count(), 1);
    await first.getByRole('button', { pressed: true }).click();
    await until('it is not', () => !hash(page).includes('aggregate:'));
    await settled(page);
    await rows(page).first().click();
    const opened = await shownSample(page);
    await page.getByRole('link', { name: 'Open the error', exact: true }).click();
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await until('its page shows the same sample', async () => (await shownSample(page)) === opened);
  },

  'a search says how far its index is, until it is whole': async (page, base) => {
    let complete = false;
    await page.route('**/api/v1/occurrences?*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), indexed: { complete, ratio: 0.42 } } });
    });
    await open(page, base, '#/search');
    await page.getByRole('note').filter({ hasText: '42%' }).waitFor();
    complete = true;
    await page.getByRole('note').waitFor({ state: 'detached' });
  },

  'hostile samples are text and stay in their place': async (page, base) => {
    const hostile = `<img src=x onerror="window.broken=1"><script>window.broken=1</script>\u202e\u0000${'x'.repeat(5000)}`;
    await page.route(/api\/v1\/occurrences\b/, async (route) => {
      const response = await route.fetch();
      if (!(response.headers()['content-type'] ?? '').includes('json')) return route.fulfill({ response });
      const answer = await response.json();
      const spoil = (one) => {
        Object.assign(one, { class: hostile, message: hostile, service: hostile, target: { zone: hostile } });
        for (const snippet of one.snippets ?? [])
          snippet.parts = [true, false].map((marked) => ({ text: hostile, marked }));
        if (one.stacktrace) one.stacktrace = Array.from({ length: 5000 }, () => hostile.slice(0, 200));
        if (one.http) one.http.url = `javascript:window.broken=1//${hostile}`;
      };
      for (const one of [...(answer.occurrences ?? []), ...(answer.summary?.aggregates ?? [])]) spoil(one);
      for (const facet of answer.summary?.facets ?? []) for (const one of facet.values) one.value += hostile;
      if (answer.uuid !== undefined) spoil(answer);
      await route.fulfill({ response, json: answer });
    });
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 844 });
      await page.goto('about:blank');
      await open(page, base, '#/search?from=now-30d');
      await rows(page).first().click();
      await page.getByRole('article', { name: 'Sample' }).waitFor();
      await fits(page, `hostile samples at ${width} px`);
      assert.equal(await page.evaluate(() => window.broken ?? document.querySelectorAll('main img').length), 0);
    }
  },

  'the query box completes keys and values': async (page, base) => {
    const { services } = await api(page, base, 'services');
    await open(page, base, '#/search');
    const box = page.getByRole('combobox', { name: 'Query' });
    await box.focus();
    await page.keyboard.type('is:open serv');
    await page.getByRole('option', { name: 'service', exact: true }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.equal(await box.inputValue(), 'is:open service:');
    await until('the services are there', async () => (await page.getByRole('option').count()) === services.length);
    const name = (await page.getByRole('option').first().locator('bdi').innerText()).trim();
    await page.getByRole('option').first().click();
    assert.equal(await box.inputValue(), `is:open service:${name} `);
    await page.keyboard.press('Enter');
    await until('it is asked', () => hash(page).includes(`q=is:open+service:${name}`));
    assert.equal(await page.getByRole('option').count(), 0);
  },

  'the query has the colours of its parts, letter on letter, however long': async (page, base) => {
    await open(page, base);
    const box = page.getByRole('combobox', { name: 'Query' });
    const layer = page.locator('search [aria-hidden="true"]:has([data-kind])');
    await box.fill('service:checkout OR -class:"a b" (🙂 مرحبا 日本)');
    const kinds = await layer.locator('[data-kind]').evaluateAll((all) => all.map((one) => one.dataset.kind));
    assert.deepEqual([...new Set(kinds)].sort(), ['blank', 'bracket', 'key', 'minus', 'operator', 'text', 'value']);
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await box.fill(`${'service:checkout OR '.repeat(12)}(🙂 مرحبا 日本)`);
      for (const key of ['Home', 'End', 'ArrowLeft']) {
        await box.press(key);
        const places = await box.evaluate(async (input) => {
          // A box that has scrolled says so with the next frame.
          await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
          const over = input.closest('search').querySelector('[aria-hidden="true"]:has([data-kind])');
          const [one, other] = [input.getBoundingClientRect(), over.getBoundingClientRect()];
          const own = getComputedStyle(input);
          return {
            scrolled: [input.scrollLeft, over.scrollLeft],
            long: [input.scrollWidth - parseFloat(own.paddingLeft) - parseFloat(own.paddingRight), over.scrollWidth],
            begins: [one.left + parseFloat(own.paddingLeft) + parseFloat(own.borderLeftWidth), other.left],
            font: [own.font, getComputedStyle(over).font],
          };
        });
        for (const name of ['scrolled', 'long', 'begins'])
          assert.ok(Math.abs(places[name][0] - places[name][1]) <= 1, `${width} px, ${key}: ${JSON.stringify(places)}`);
      }
    }
  },

  'queries from before are offered in an empty box, and the arrow leads to them': refusing(async (page, base) => {
    await open(page, base);
    const box = page.getByRole('combobox', { name: 'Query' });
    for (const q of ['is:open', 'severity:error', 'colour:red', 'is:new']) {
      await box.fill(q);
      await box.press('Enter');
      await until('it was asked', () => hash(page).includes(`q=${q}`));
      await settled(page);
    }
    await box.press('ArrowUp');
    assert.equal(await box.inputValue(), 'severity:error');
    await box.press('ArrowUp');
    assert.equal(await box.inputValue(), 'is:open');
    await box.press('ArrowDown');
    assert.equal(await box.inputValue(), 'severity:error');
    await box.fill('');
    const options = page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
    await until('what was asked is offered', async () => (await options.count()) >= 3);
    assert.deepEqual(
      (await options.allInnerTexts()).slice(0, 3).map((text) => text.replace(/^asked before:\s*/, '')),
      ['is:new', 'severity:error', 'is:open'],
    );
    await box.press('ArrowDown');
    await box.press('ArrowDown');
    await accessible(page, 'queries from before');
    await box.press('Enter');
    await until('it is asked again', () => hash(page).includes('q=severity:error'));
    assert.equal(await box.inputValue(), 'severity:error');
  }),

  'a click on a colour filters by it, a double click still zooms out': async (page, base) => {
    await open(page, base, `${month}&by=severity`);
    const box = await plot(page).boundingBox();
    const [x, y] = [box.x + box.width * 0.5, box.y + box.height - 3];
    await page.mouse.move(x, y);
    await page.getByText('Click for only this').waitFor();
    await page.mouse.click(x, y);
    await until('the address has the filter', () => hash(page).includes('q=severity:'));
    await settled(page);
    const filtered = hash(page);
    await plot(page).dblclick();
    await until('it zooms out', () => hash(page).includes('from=now-90d'));
    assert.equal(hash(page).replace('now-90d', 'now-30d'), filtered);
  },

  'the chart is read, filtered and zoomed by keyboard': async (page, base) => {
    await open(page, base, `${month}&by=severity`);
    await page.locator('figure').focus();
    for (const key of ['End', 'ArrowLeft', 'ArrowUp']) await page.keyboard.press(key);
    await page.getByText('Enter for only this').waitFor();
    await page.keyboard.press('Enter');
    await until('the address has the filter', () => hash(page).includes('q=severity:'));
    await settled(page);
    await page.locator('figure').focus();
    for (const key of ['End', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Enter']) await page.keyboard.press(key);
    await until('the address has a range', () => /from=\d{4}-/.test(hash(page)));
  },

  'the day before is laid over the chart': async (page, base) => {
    await open(page, base, '#/errors');
    await page.getByLabel('Compare with').selectOption('1d');
    await until('the address has it', () => hash(page).includes('compare=1d'));
    const { total } = await api(page, base, 'range?start=now-172800s&end=now-86400s');
    const said = page.getByRole('list', { name: 'How to read the chart' }).getByRole('listitem').first();
    await said.waitFor();
    const before = Number(/before: ([\d,]+)/.exec(await said.innerText())?.[1]?.replaceAll(',', ''));
    assert.ok(Math.abs(before - total.total) <= total.total * 0.05 + 20, `${before} is not about ${total.total}`);
  },

  'the chart is taken along': async (page, base) => {
    await open(page, base, `${month}&by=severity`);
    const menu = async (name) => {
      await page.getByRole('button', { name: 'Take the chart along' }).click();
      await page.getByRole('menuitem', { name }).click();
    };
    await menu('Copy link');
    await page.getByText('Link copied').waitFor({ state: 'attached' });
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /#\/errors\?from=\d{4}-.*&to=\d{4}-.*by=severity/);
    await menu('Copy as Markdown image');
    await page.getByText('Markdown copied').waitFor({ state: 'attached' });
    const markdown = await page.evaluate(() => navigator.clipboard.readText());
    const [, picture] = /^\[!\[[^\]]+\]\(([^)]+)\)\]\([^)]+\)$/.exec(markdown) ?? [];
    assert.ok(picture, markdown);
    assert.equal((await page.request.get(picture)).headers()['content-type'], 'image/png');
    for (const kind of ['PNG', 'SVG', 'CSV']) {
      const download = page.waitForEvent('download');
      await menu(`Download ${kind}`);
      const saved = await download;
      assert.match(saved.suggestedFilename(), new RegExp(`^errors-by-severity-.*\\.${kind.toLowerCase()}$`));
      assert.equal(await saved.failure(), null);
    }
  },

  'a time from a log is pasted': async (page, base) => {
    await open(page, base);
    const paste = async (text) => {
      await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
      await page.keyboard.press('Control+v');
    };
    await page.locator('main').focus();
    await paste('2026-11-20 14:20:05,123');
    await until('one looks at what is around it', () =>
      hash(page).includes('from=2026-11-20T14:05:05Z&to=2026-11-20T14:35:05Z'),
    );
    await page.getByRole('button', { name: /^Time range/ }).click();
    await page.getByLabel('To', { exact: true }).fill('');
    await page.getByLabel('From', { exact: true }).fill('');
    await paste('20/Nov/2026:10:00:00 +0000 - 20/Nov/2026:12:00:00 +0000');
    await page.getByRole('button', { name: 'Apply' }).click();
    await until('both ends are there', () => hash(page).includes('from=2026-11-20T10:00:00Z&to=2026-11-20T12:00:00Z'));
  },

  'the overview says what the API says, and its figures lead to what they count': async (page, base) => {
    await open(page, base, '#/');
    const { services } = await api(page, base, 'services');
    const rows = panel(page, 'Services').getByRole('listitem');
    assert.equal(await rows.count(), services.length);
    assert.ok((await said(page, 'All services over time')) > 0, 'the chart is empty');
    await rows.first().getByRole('link').first().click();
    await until('the list of the service', () => /^#\/errors\?q=service:/.test(hash(page)));
    await page.goBack();
    await page.getByRole('list', { name: 'At one glance' }).getByRole('link', { name: /^New/ }).click();
    await until('the list of new errors', () => hash(page).includes('q=is:new'));
    await settled(page);
    const { total } = await api(page, base, 'aggregates?q=is:new&limit=1');
    if (total > 0) assert.equal(await said(page, 'Errors'), total);
  },

  'the status says what the API says': async (page, base) => {
    await open(page, base, '#/status');
    const status = await api(page, base, 'status');
    const { yaml } = await api(page, base, 'config');
    assert.ok((await panel(page, 'This server').innerText()).includes(status.version));
    assert.ok(
      (await panel(page, 'Storage').innerText()).includes(status.storage.targets.toLocaleString('en-US').slice(0, -1)),
    );
    await panel(page, 'Configuration').getByRole('button', { name: 'Copy' }).click();
    await until('it is copied whole', async () => (await page.evaluate(() => navigator.clipboard.readText())) === yaml);
  },

  'keys that explode are said, with the rule that would help': async (page, base) => {
    const at = new Date().toISOString();
    const overflow = {
      service: 'orders',
      since: at,
      last: at,
      exceptions: 4096,
      keys: ['order 929118 failed', '<b>order</b> 79334 failed'],
      suggestion: { strip: ['uuids', 'numbers'], keys: 160, left: 1 },
    };
    await page.route('**/api/v1/status', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), overflows: [overflow] } });
    });
    await open(page, base, '#/status');
    await page.getByRole('list', { name: 'What is the matter' }).getByText('New errors of orders').waitFor();
    const own = panel(page, 'Keys that explode');
    await own.getByText('4,096 exceptions').waitFor();
    await own.getByText('<b>order</b> 79334 failed').waitFor();
    await own.getByRole('button', { name: 'Copy the rule' }).click();
    await until('it is copied', async () =>
      (await page.evaluate(() => navigator.clipboard.readText())).includes('strip: [uuids, numbers]'),
    );
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      await page.goto('about:blank');
      await open(page, base, '#/status');
      await own.waitFor();
      await accessible(page, `keys that explode, ${colorScheme}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page, 'keys that explode');
  },

  'whoever may only read is told so wherever something could be changed': async (page, base) => {
    const error = await firstError(page, base);
    await page.route('**/api/v1/whoami', (route) =>
      route.fulfill({ json: { name: 'rita', method: 'password', role: 'read', may_triage: false, may_admin: false } }),
    );
    await page.route('**/api/v1/status', async (route) => {
      const response = await route.fetch();
      const status = await response.json();
      await route.fulfill({ response, json: { ...status, backup: { ...status.backup, by_request: true } } });
    });
    await page.route(/api\/v1\/activity\?/, (route) =>
      route.fulfill({
        json: {
          start: '',
          end: '',
          activities: [
            { id: 1, time: new Date().toISOString(), actor: 'ada', reason: 'bulk', aggregates: 2, changes: [] },
          ],
          next_cursor: null,
        },
      }),
    );
    const refused = async (button) => {
      await button.waitFor();
      assert.ok(await button.isDisabled(), `${await button.innerText()} is not disabled`);
    };
    await open(page, base, deepLink(error));
    for (const name of ['Resolve', 'Label', 'Assign', 'Add a note'])
      if (name !== 'Add a note' || !error.note) await refused(page.getByRole('button', { name, exact: true }));
    await open(page, base, month);
    await page.getByRole('button', { name: 'Save view' }).click();
    const dialog = page.getByRole('dialog', { name: 'Views' });
    await dialog.getByText('rita may only look: the role is read').waitFor();
    assert.ok(await dialog.getByLabel('Save what the list shows as').isDisabled());
    await accessible(page, 'views that may not be changed');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await open(page, base, '#/activity');
    await refused(page.getByRole('button', { name: 'Undo' }));
    await open(page, base, '#/status');
    await refused(page.getByRole('button', { name: /^Download a backup/ }));
  },

  'g and a letter lead from page to page': async (page, base) => {
    await open(page, base, '#/');
    for (const [key, place] of [
      ['e', '#/errors'],
      ['s', '#/search'],
      ['t', '#/targets'],
      ['a', '#/activity'],
      ['r', '#/reports'],
      ['h', '#/status'],
      ['o', '#/'],
    ]) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await until(`g ${key}`, () => hash(page) === place);
    }
  },

  'a server that is away is said to be, and nobody has to do anything when it is back': refusing(async (page, base) => {
    await open(page, base, '#/?refresh=10');
    const shown = await panel(page, 'Services').getByRole('listitem').count();
    let away = true;
    let asked = 0;
    await page.route(/\/(api|-)\//, (route) => {
      asked += 1;
      return away ? route.abort() : route.continue();
    });
    await page.keyboard.press('r');
    await page.getByText('The server can not be reached').waitFor();
    const before = asked;
    await page.waitForTimeout(6000);
    assert.ok(asked - before < 8, `${asked - before} requests in six seconds while nobody is there`);
    assert.equal(await panel(page, 'Services').getByRole('listitem').count(), shown);
    assert.equal(await page.getByRole('alert').count(), 0);
    away = false;
    await page.getByText('The server is back').waitFor();
    await page.getByText('The server is back').waitFor({ state: 'detached' });
  }),

  'the targets are those of the API': async (page, base) => {
    // What the page was told: a target may go down before somebody else asks.
    const answered = page.waitForResponse(/\/api\/v1\/targets\?/);
    await open(page, base, '#/targets');
    const { targets } = await (await answered).json();
    const services = new Set(targets.map(({ service }) => service)).size;
    const listed = async () => Number(await page.locator('main table').getAttribute('aria-rowcount')) - 1;
    assert.equal(await listed(), targets.length + services);
    assert.equal(await page.getByRole('button', { name: /^all/ }).innerText(), `all ${targets.length}`);
    const [one] = targets;
    const value = one.labels.instance ?? one.scrape_url;
    const same = targets.filter(({ labels, scrape_url }) => (labels.instance ?? scrape_url).includes(value)).length;
    await page.keyboard.press('/');
    await page.keyboard.type(value);
    await until('only those are left that have the words', async () => (await listed()) === same + 1 || listed());
    await page.getByRole('textbox', { name: 'Find targets' }).fill('no such target anywhere');
    await page.getByRole('button', { name: 'Show all targets' }).click();
    await until('all are there again', async () => (await listed()) > same + 1);
    await page.getByRole('button', { name: /^down/ }).click();
    await until('only those that are down are left', async () => {
      const shown = await page
        .locator('tbody[data-kind="target"]')
        .evaluateAll((all) => all.map((row) => row.innerText));
      return shown.every((text) => text.includes('down'));
    });
  },

  'a target says when it answered, and as what it was discovered': async (page, base) => {
    await open(page, base, '#/targets');
    const row = page.locator('tbody[data-kind="target"]').first();
    await row.getByRole('button').click();
    await until('the address has it', () => hash(page).includes('target='));
    const history = row.getByRole('region', { name: 'Health over time' });
    await history.getByRole('img', { name: /answered|not watched/ }).waitFor();
    await row.getByText('__address__').waitFor();
    const opened = hash(page);
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      await page.goto('about:blank');
      await open(page, base, opened);
      await history.getByRole('img').waitFor();
      await accessible(page, `an opened target, ${colorScheme}`);
    }
    await history.getByText('7 d', { exact: true }).click();
    await settled(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page, 'an opened target');
    await page.reload();
    await history.waitFor();
    const service = page.locator('tbody[data-kind="service"]').first().getByRole('button');
    const listed = async () => Number(await page.locator('main table').getAttribute('aria-rowcount'));
    const before = await listed();
    await service.click();
    await until('its targets are put away', async () => (await listed()) < before);
    await page.goBack();
    await until('and there again', async () => (await listed()) === before);
  },

  'light and dark are chosen and remembered': async (page, base) => {
    await open(page, base);
    for (const scheme of ['Dark', 'Light']) {
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByText(scheme, { exact: true }).click();
      const attribute = page.locator(`html[data-mantine-color-scheme="${scheme.toLowerCase()}"]`);
      await attribute.waitFor();
      await page.reload();
      await attribute.waitFor();
    }
  },

  'every page fits the narrowest screen and the widest': async (page, base) => {
    const error = await firstError(page, base);
    for (const width of [360, 390, 768, 1200, 3440]) {
      await page.setViewportSize({ width, height: 844 });
      for (const place of [overview, month, searched, `${deepLink(error)}?from=now-30d`, '#/targets', '#/status']) {
        await page.goto('about:blank');
        await open(page, base, place);
        await fits(page, `${place} at ${width} px`);
      }
    }
  },

  'every page is accessible, light and dark': async (page, base) => {
    const error = await firstError(page, base);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const place of [overview, month, searched, `${deepLink(error)}?from=now-30d`, '#/targets', '#/status']) {
        await page.goto('about:blank');
        await open(page, base, place);
        await accessible(page, `${place}, ${colorScheme}`);
      }
      await page.goto('about:blank');
      await open(page, base);
      await page.getByRole('button', { name: /^Time range/ }).click();
      await page.getByRole('button', { name: 'Apply' }).waitFor();
      await accessible(page, `the range picker, ${colorScheme}`);
      await page.goto('about:blank');
      await open(page, base, '#/search?from=now-30d');
      await rows(page).first().click();
      await page.getByRole('article', { name: 'Sample' }).waitFor();
      await accessible(page, `an opened sample, ${colorScheme}`);
      await page.getByRole('combobox', { name: 'Query' }).fill('service:');
      await page.getByRole('option').first().waitFor();
      await page.keyboard.press('ArrowDown');
      await accessible(page, `suggestions, ${colorScheme}`);
    }
  },
};
