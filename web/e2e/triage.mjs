// What somebody does about errors: labels, states, views, activity. These journeys change the server's errors and, where they can,
// take it back.
import assert from 'node:assert/strict';
import { accessible, api, fits, hash, open, panel, rows, settled, until } from './page.mjs';

const list = '#/?from=now-30d&sort=count';

function refusing(journey) {
  journey.refuses = true;
  return journey;
}

/** The same in light and dark. */
function inBoth(name, journey) {
  return Object.fromEntries(
    ['light', 'dark'].map((colorScheme) => {
      const run = async (page, base) => {
        await page.emulateMedia({ colorScheme });
        await journey(page, base);
      };
      run.refuses = journey.refuses;
      return [`${name}, ${colorScheme}`, run];
    }),
  );
}

/** Somebody who has said who they are. */
async function known(page, name = 'e2e') {
  // An empty page has no storage.
  await page.addInitScript((own) => window.origin !== 'null' && localStorage.setItem('hydrophone-name', own), name);
}

async function send(page, base, method, path, data, who = 'somebody else') {
  const response = await page.request.fetch(`${base}api/v1/${path}`, {
    method,
    ...(data === undefined ? {} : { data }),
    headers: { 'x-hydrophone-user': who },
  });
  assert.ok(response.ok(), `${method} ${path}: ${await response.text()}`);
  return response.status() === 204 ? undefined : response.json();
}

const link = ({ service, aggregation_key }) =>
  `#/${encodeURIComponent(service)}/errors/${encodeURIComponent(aggregation_key)}`;

const some = async (page, base, q, limit = 1) =>
  (await api(page, base, `aggregates?start=now-30d&sort=count&limit=${limit}&q=${encodeURIComponent(q)}`)).aggregates;

const one = (page, base, id) => api(page, base, `aggregates/${id}`);

/** How many errors there are; none of a label that nothing has. */
async function counted(page, base, q) {
  const response = await page.request.get(`${base}api/v1/facets?all=true&q=${encodeURIComponent(q)}`);
  const answer = await response.json();
  if (/no error has a label/.test(answer.detail)) return 0;
  assert.equal(response.status(), 200, answer.detail);
  return answer.errors;
}

const notice = (page) => page.getByRole('region', { name: 'Notices' });
const head = (page) => page.locator('main header').first();
const checks = (page) => page.locator('li[data-id] input[type="checkbox"]');

/** An open error that happens all the time, and not only in spikes. */
async function busiest(page, base) {
  const hours = Array.from(
    { length: 12 },
    (_, hour) => `aggregates?q=is:open&sort=count&start=now-${hour + 1}h&end=now-${hour}h`,
  );
  const pages = [];
  for (const hour of hours) pages.push((await api(page, base, hour)).aggregates);
  const least = ({ id }) => Math.min(...pages.map((some) => some.find((one) => one.id === id)?.count ?? 0));
  return pages[0].toSorted((a, b) => least(b) - least(a))[0];
}

export const triage = {
  ...inBoth('thirty errors are labelled at once and taken back, by keyboard', async (page, base) => {
    await open(page, base, list);
    const before = await counted(page, base, 'has:label.squad');
    const press = async (key, times = 1) => {
      for (let n = 0; n < times; n += 1) await page.keyboard.press(key);
    };
    await press('j');
    await press('x');
    await press('j', 29);
    await press('Shift+X');
    await page.getByText('30 selected').waitFor();
    assert.equal(hash(page).split('selected=')[1].split(',').length, 30);
    await press('l');
    await page.getByPlaceholder('team').waitFor();
    await page.keyboard.type('squad');
    await press('Tab');
    await page.keyboard.type('night watch');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Who are you?' }).waitFor();
    await page.keyboard.type('Zoë 夜');
    await press('Enter');
    await notice(page).getByText('30 errors labelled squad:night watch').waitFor();
    assert.equal(await counted(page, base, 'label.squad:"night watch"'), before + 30);
    // Of the thirty those are drawn that are near the one that has the focus.
    const ofThem = page.locator('li[data-id]', { hasText: 'night watch' });
    await until('the rows say so', async () => (await ofThem.count()) >= 10);
    const { activities } = await api(page, base, 'activity?limit=1');
    assert.deepEqual([activities[0].actor, activities[0].aggregates], ['Zoë 夜', 30]);
    await until('whoever did it stands at a row again', () =>
      page.evaluate(() => document.activeElement?.hasAttribute('data-error-link') ?? false),
    );
    await accessible(page, 'after a change of many');
    await press('Control+z');
    await notice(page).getByText('Taken back').waitFor();
    assert.equal(await counted(page, base, 'has:label.squad'), before);
    await until(
      'no row has it',
      async () => (await page.locator('li[data-id]', { hasText: 'night watch' }).count()) === 0,
    );
  }),

  ...inBoth('an error is resolved and seen to regress, by keyboard', async (page, base) => {
    await known(page);
    const error = await busiest(page, base);
    await open(page, base, `${link(error)}?from=now-1h`);
    await page.keyboard.press('e');
    await notice(page).getByText('resolved').first().waitFor();
    await head(page).getByText('it reopens when it happens again').waitFor();
    await panel(page, 'Activity').getByText('resolved').first().waitFor();
    const end = Date.now() + 120_000;
    while ((await one(page, base, error.id)).state === 'resolved') {
      assert.ok(Date.now() < end, `${error.class} did not happen again`);
      await page.waitForTimeout(500);
    }
    await page.keyboard.press('r');
    await head(page).getByText('it was resolved, and happened again').waitFor();
    await settled(page);
    // What stands on the chart as flags is a list for who can not see them.
    const turns = page.getByRole('list', { name: 'What happened in this time' });
    await turns.getByText('regressed').first().waitFor({ state: 'attached' });
    await turns.getByText('resolved').first().waitFor({ state: 'attached' });
    const { activities } = await api(page, base, `aggregates/${error.id}/activity?limit=2`);
    assert.deepEqual(
      activities.map(({ reason }) => reason),
      ['regression', 'edit'],
    );
    await accessible(page, 'a regressed error');
    await head(page).getByRole('button', { name: 'Seen' }).focus();
    await page.keyboard.press('Enter');
    await until('it was seen', async () => (await one(page, base, error.id)).regressed === false);
  }),

  'all that match are changed, not only those that are loaded': async (page, base) => {
    await known(page);
    const total = (await api(page, base, 'aggregates?start=now-30d&limit=1')).total;
    assert.ok(total > 50, `${total} errors are loaded at once`);
    await open(page, base, list);
    await page.getByLabel('Select all').click();
    await page.getByText(`All ${total} selected`).waitFor();
    assert.ok(hash(page).endsWith('selected=all'), hash(page));
    await page.getByRole('button', { name: 'Label', exact: true }).click();
    await page.getByPlaceholder('team').fill('squad=everybody');
    await page.getByRole('button', { name: 'Add the label' }).click();
    await notice(page).getByText(`${total} errors labelled`).waitFor();
    assert.equal(await counted(page, base, 'label.squad:everybody'), total);
    await notice(page).getByRole('button', { name: 'Undo' }).click();
    await notice(page).getByText('Taken back').waitFor();
    assert.equal(await counted(page, base, 'label.squad:everybody'), 0);
  },

  'rows are chosen one by one, up to another, and not at all': async (page, base) => {
    await open(page, base, list);
    await checks(page).nth(1).click();
    await checks(page)
      .nth(4)
      .click({ modifiers: ['Shift'] });
    await page.getByText('4 selected').waitFor();
    await checks(page).nth(2).click();
    await page.getByText('3 selected').waitFor();
    await page.reload();
    await page.getByText('3 selected').waitFor();
    await page.keyboard.press('Escape');
    await until('nothing is chosen', () => !hash(page).includes('selected='));
    // A menu for the row under the cursor: put away, nothing is chosen.
    await rows(page).nth(2).focus();
    await page.keyboard.press('m');
    await page.getByRole('menuitem', { name: '1 hour' }).waitFor();
    await page.keyboard.press('Escape');
    await until('the row is not chosen any more', () => !hash(page).includes('selected='));
    await until('it has the focus again', () =>
      page.evaluate(() => document.activeElement === document.querySelectorAll('[data-error-link]')[2]),
    );
  },

  'an error is muted in every way, and the page says until when': async (page, base) => {
    await known(page);
    const [error] = await some(page, base, 'is:open', 5).then((found) => found.slice(-1));
    await open(page, base, link(error));
    const menu = async (item) => {
      await page.keyboard.press('m');
      await page.getByRole('menuitem', { name: item }).click();
    };
    await menu('8 hours');
    await head(page)
      .getByText(/Muted .*by e2e until .*in 8 h/)
      .waitFor();
    await menu('100 more times');
    await head(page)
      .getByText(/until it happened (100|9\d) more times/)
      .waitFor();
    await menu('much more often than usual');
    await head(page).getByText('until it escalates').waitFor();
    await menu('Until a time or number');
    await page.getByText('A number of times').click();
    await page.getByLabel('How many times more it may happen').fill('-3');
    await page.getByRole('dialog').getByRole('button', { name: 'Mute' }).click();
    await page.getByText('Use a whole number above 0').waitFor();
    await page.getByLabel('How many times more it may happen').fill('4000');
    await page.keyboard.press('Enter');
    await head(page)
      .getByText(/until it happened (4,000|3,9\d\d) more times/)
      .waitFor();
    await head(page).getByRole('button', { name: 'Reopen' }).click();
    await until('it is open', async () => (await one(page, base, error.id)).state === 'open');
    await page.getByRole('button', { name: 'Resolve otherwise' }).click();
    await page.getByRole('menuitem', { name: 'in a version later than the latest now' }).click();
    await head(page)
      .getByText(/Resolved in version .*: a later version reopens it/)
      .waitFor();
    await head(page).getByRole('button', { name: 'Reopen' }).click();
    await until('it is open again', async () => (await one(page, base, error.id)).state === 'open');
  },

  'labels, assignee and note of an error are edited': async (page, base) => {
    await known(page, 'e2e');
    const [error] = await some(page, base, 'is:open', 7).then((found) => found.slice(-1));
    await send(page, base, 'PATCH', `aggregates/${error.id}`, { note: null, assignee: null });
    await open(page, base, link(error));
    await page.keyboard.press('l');
    await page.getByPlaceholder('team').fill('ticket=T-1');
    await page.keyboard.press('Enter');
    await head(page).getByRole('link', { name: 'ticket T-1' }).waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Change: ticket' }).click();
    await page.getByPlaceholder('payments').fill('T-2');
    await page.getByRole('button', { name: 'Change the label' }).click();
    await head(page).getByRole('link', { name: 'ticket T-2' }).waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Take away: ticket' }).click();
    await head(page).getByRole('link', { name: 'ticket T-2' }).waitFor({ state: 'detached' });
    await page.keyboard.press('a');
    await page.getByRole('button', { name: 'Me', exact: true }).click();
    await head(page).getByText('(you)').waitFor();
    await page.getByRole('button', { name: 'Add a note' }).click();
    await page.getByLabel('Note').fill('first line\n<b>second</b> line');
    await page.keyboard.press('Control+Enter');
    await until(
      'the note is there',
      async () => (await one(page, base, error.id)).note === 'first line\n<b>second</b> line',
    );
    await head(page).getByText('<b>second</b> line').waitFor();
    await page.getByRole('button', { name: 'Edit the note' }).click();
    await page.getByLabel('Note').fill('');
    await page.getByRole('button', { name: 'Save the note' }).click();
    await page.getByRole('button', { name: 'Add a note' }).waitFor();
    await page.keyboard.press('a');
    await page.getByRole('button', { name: 'Nobody' }).click();
    await until('nobody is assigned', async () => !(await one(page, base, error.id)).assignee);
    const { labels } = await one(page, base, error.id);
    assert.equal(labels.ticket, undefined);
    await send(page, base, 'PATCH', `aggregates/${error.id}`, { labels_by_rule: ['ticket'] });
  },

  'whoever comes second is told what the first one did': refusing(async (page, base) => {
    await known(page);
    const [error] = await some(page, base, 'is:open', 9).then((found) => found.slice(-1));
    await open(page, base, link(error));
    const away = page.getByRole('alert').filter({ hasText: 'Changed meanwhile by somebody else' });
    for (const choice of ['Leave it as they have it', 'Make my change now']) {
      await send(page, base, 'PATCH', `aggregates/${error.id}`, { assignee: `carol ${choice}` });
      await page.keyboard.press('a');
      await page.getByPlaceholder('a name, or me').fill('dave');
      await page.keyboard.press('Enter');
      await away.getByText(`carol ${choice}`).waitFor();
      assert.equal((await one(page, base, error.id)).assignee, `carol ${choice}`);
      await accessible(page, 'a change that came second');
      await page.getByRole('button', { name: choice }).click();
      await away.waitFor({ state: 'detached' });
    }
    await until('the second choice made it', async () => (await one(page, base, error.id)).assignee === 'dave');
    await send(page, base, 'PATCH', `aggregates/${error.id}`, { assignee: null });
  }),

  'a connection lost during a change: the page says what came of it': refusing(async (page, base) => {
    await known(page);
    // One that happens now and then: it is not to come back by itself meanwhile.
    const found = await some(page, base, 'is:open -has:assignee', 60);
    const error = found.at(-1);
    const title = error.class || error.aggregation_key;
    let mode = 'open';
    await page.route('**/api/v1/**', async (route) => {
      if (mode === 'open') return route.continue();
      if (mode === 'lost after it arrived' && route.request().method() !== 'GET') await route.fetch();
      return route.abort();
    });
    const lose = (how) => {
      mode = how;
    };
    const recover = () => {
      mode = 'open';
    };
    await open(page, base, link(error));
    lose('lost before it arrived');
    await page.keyboard.press('e');
    await notice(page).getByText('The connection was lost').waitFor();
    recover();
    await notice(page).getByText(`Not done: ${title} resolved`).waitFor();
    assert.equal((await one(page, base, error.id)).state, 'open');
    await notice(page).getByRole('button', { name: 'Close this notice' }).first().click();
    await settled(page);

    lose('lost after it arrived');
    await page.keyboard.press('e');
    await notice(page).getByText('The connection was lost').waitFor();
    recover();
    await notice(page).getByText('The server had done it before the connection was lost').waitFor();
    await notice(page).getByRole('button', { name: 'Undo' }).click();
    await notice(page).getByText(`Taken back: ${title} resolved`).waitFor();
    assert.equal((await one(page, base, error.id)).state, 'open');

    await open(page, base, `${list}&q=is:open+-has:assignee`);
    await checks(page).nth(5).click();
    await checks(page).nth(6).click();
    lose('lost after it arrived');
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await page.getByPlaceholder('a name, or me').fill('ghost');
    await page.keyboard.press('Enter');
    await notice(page).getByText('The connection was lost').waitFor();
    recover();
    await notice(page).getByText('2 errors assigned to ghost').waitFor();
    await notice(page).getByRole('button', { name: 'Undo' }).click();
    await notice(page).getByText('Taken back: 2 errors').waitFor();
    assert.equal(await counted(page, base, 'assignee:ghost'), 0);
  }),

  'a view is saved, shown, renamed and removed': async (page, base) => {
    await known(page);
    const name = `e2e ${Date.now()}`;
    const views = page.getByRole('navigation', { name: 'Views' });
    const { views: all } = await api(page, base, 'views');
    const openOnes = all.find((view) => view.name === 'open').errors;
    await open(page, base, list);
    await views.getByRole('link', { name: /^open/ }).click();
    await settled(page);
    assert.match(await panel(page, 'Errors').locator('header').first().innerText(), new RegExp(`\\b${openOnes}\\b`));
    await page.goto('about:blank');
    await open(page, base, '#/?from=now-7d&sort=count&q=severity:error');
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByLabel('Save what the list shows as').fill(name);
    await page.getByText('With the range: Last 7 days').click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await views.getByRole('link', { name, exact: true }).waitFor();
    assert.equal(await views.getByRole('link', { name, exact: true }).getAttribute('aria-current'), 'true');
    await open(page, base, '#/errors');
    await views.getByRole('link', { name, exact: true }).click();
    await until('its query, range and order are there', () =>
      hash(page).endsWith('?from=now-7d&q=severity:error&sort=count'),
    );
    await page.getByRole('button', { name: 'Save view' }).click();
    await accessible(page, 'the views');
    await page.getByRole('button', { name: `Rename ${name}` }).click();
    await page.getByLabel(`New name of ${name}`).fill(`${name} again`);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: `Remove ${name} again` }).click();
    await page.getByRole('button', { name: 'Remove for everybody' }).click();
    await views.getByRole('link', { name: `${name} again` }).waitFor({ state: 'detached' });
    assert.ok(!(await api(page, base, 'views')).views.some((view) => view.name.startsWith(name)));
  },

  'filters beside the list are those of the API, come and go': async (page, base) => {
    await open(page, base, list);
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    const { facets } = await api(page, base, 'facets?start=now-30d');
    const severity = facets.find(({ key }) => key === 'severity').values;
    const facet = panel(page, 'By severity').getByRole('button');
    assert.equal(await facet.count(), severity.length);
    await facet.first().click();
    await until('it is in the query', () => hash(page).includes(`q=severity:${severity[0].value}`));
    await settled(page);
    await panel(page, 'By severity').getByRole('button', { pressed: true }).click();
    await until('it is out again', () => !hash(page).includes('q='));
    const nobody = panel(page, 'By assignee').getByRole('button', { name: /none/ });
    if (await nobody.count()) {
      await nobody.click();
      await until('nobody is asked for', () => hash(page).includes('-has:assignee'));
      await settled(page);
    }
  },

  'activity is filtered by person and reason, and taken back': async (page, base) => {
    await known(page, 'e2e activity');
    const [error] = await some(page, base, 'is:open', 3).then((found) => found.slice(-1));
    const { activity } = await send(
      page,
      base,
      'PATCH',
      `aggregates/${error.id}`,
      { note: `n ${Date.now()}` },
      'e2e activity',
    );
    await open(page, base, '#/activity');
    const entries = page.locator('main ol > li');
    await page.getByRole('combobox', { name: 'Person' }).fill('e2e activity');
    await page.keyboard.press('Enter');
    await until('the address has the person', () => hash(page).includes('actor=e2e'));
    await page.getByRole('combobox', { name: 'Reason' }).selectOption('edit');
    await settled(page);
    const listed = await api(page, base, 'activity?start=now-24h&actor=e2e%20activity&reason=edit');
    assert.equal(await entries.count(), listed.activities.length);
    await entries.first().getByRole('button', { name: 'Undo' }).click();
    await notice(page).getByText('Taken back').waitFor();
    const { activities } = await api(page, base, 'activity?reason=undo&limit=1');
    assert.equal(activities[0].undoes, activity);
  },

  'a report is that of the API, as a table, a picture and CSV': async (page, base) => {
    const { activity } = await send(page, base, 'POST', 'aggregates/bulk', {
      query: 'is:open',
      change: { labels: { e2e: 'yes' } },
    });
    const answered = page.waitForResponse(/reports\/labels\?/);
    await open(page, base, '#/reports?label=e2e&from=now-7d');
    const { rows: expected, total } = await (await answered).json();
    const lines = page.locator('main tbody tr');
    assert.equal(await lines.count(), expected.length);
    assert.match(await page.locator('main tfoot').innerText(), new RegExp(total.errors.toLocaleString('en-US')));
    await until('the picture is there', () => page.locator('main img').evaluate((image) => image.naturalWidth > 0));
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    assert.equal((await saved).suggestedFilename(), 'errors-by-e2e.csv');
    await lines.first().getByRole('link').first().click();
    await until('the list has the label', () => /label\.e2e/.test(hash(page)));
    await send(page, base, 'POST', `activity/${activity}/undo`);
  },

  ...inBoth('the pages of triage are accessible and fit a phone', async (page, base) => {
    await known(page);
    const [error] = await some(page, base, 'is:open');
    const press = (key) => () => page.keyboard.press(key);
    const places = [
      ['the list with a selection', list, async () => checks(page).first().click()],
      ['the mute menu', list, async () => rows(page).first().focus().then(press('m'))],
      ['the label form', list, async () => rows(page).first().focus().then(press('l'))],
      ['the filters', list, () => page.getByRole('button', { name: 'Filter', exact: true }).click()],
      ['the label editor', link(error), press('l')],
      ['the note', link(error), () => page.getByRole('button', { name: /(Add a|Edit the) note/ }).click()],
      ['activity', '#/activity', undefined],
      ['reports', '#/reports', undefined],
    ];
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ]) {
      await page.setViewportSize({ width, height });
      for (const [what, place, act] of places) {
        await page.goto('about:blank');
        await open(page, base, place);
        await act?.();
        await accessible(page, `${what} at ${width} px`);
        await fits(page, `${what} at ${width} px`);
      }
    }
  }),
};
