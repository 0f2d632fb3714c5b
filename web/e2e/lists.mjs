// What somebody does with a list of ten thousand errors, of a fleet that goes on throwing them: benches/ui/fleet.mjs. Run with `--large`.
import assert from 'node:assert/strict';
import { accessible, api, fits, hash, open, panel, settled, until } from './page.mjs';

const list = '#/errors?from=now-7d';
const leastErrors = 5000;

/** Opens the list and says which errors stand where in it. */
async function openList(page, base, place = list) {
  const answered = page.waitForResponse(/aggregates\?.*order=true/);
  await open(page, base, place);
  const { order, total } = await (await answered).json();
  assert.ok(total >= leastErrors && order.length === total, `${total} errors, ${order.length} in order`);
  return order;
}

/** The rows that can be seen, with where they stand. */
function onScreen(page) {
  return page.locator('li[data-id]').evaluateAll((rows) =>
    rows
      .map((row) => ({ row, box: row.getBoundingClientRect() }))
      .filter(({ box }) => box.top >= 46 && box.bottom <= window.innerHeight)
      .map(({ row, box }) => ({
        id: Number(row.dataset.id),
        place: Number(row.getAttribute('aria-posinset')),
        top: Math.round(box.top),
        text: row.innerText,
      })),
  );
}

const focused = (page) =>
  page.evaluate(() => {
    const row = document.activeElement?.closest('li[data-id]');
    const box = row?.getBoundingClientRect();
    return {
      id: Number(row?.dataset.id),
      place: Number(row?.getAttribute('aria-posinset')),
      isLink: document.activeElement?.hasAttribute('data-error-link') ?? false,
      isSeen: box !== undefined && box.top >= 0 && box.bottom <= window.innerHeight,
      name: document.activeElement?.textContent ?? '',
    };
  });

/** Waits until one stands at the row with this number, counted from 1. */
async function standsAt(page, place) {
  await until(`one stands at row ${place}`, async () => {
    const at = await focused(page);
    return (at.place === place && at.isLink && at.isSeen) || at;
  });
  return focused(page);
}

async function scrollToRow(page, row) {
  await page.evaluate((at) => {
    const own = document.querySelector('li[data-id]').parentElement;
    const height = own.querySelector('li').offsetHeight;
    window.scrollTo(0, own.getBoundingClientRect().top + window.scrollY + at * height);
  }, row);
  await until('other rows are there', async () => {
    const rows = await onScreen(page);
    return rows.length > 0 && Math.abs(rows[0].place - row) < 5;
  });
  await settled(page);
}

const press = async (page, key, times = 1) => {
  for (let n = 0; n < times; n += 1) await page.keyboard.press(key);
};

/** Asks for everything again, and waits for the new order. */
async function refresh(page) {
  const answered = page.waitForResponse(/aggregates\?.*order=true/);
  await page.keyboard.press('r');
  const { order } = await (await answered).json();
  await settled(page);
  return order;
}

export const lists = {
  'ten thousand errors are walked by keyboard, loaded or not': async (page, base) => {
    const order = await openList(page, base);
    const rows = page.locator('li[data-id]');
    assert.ok((await rows.count()) < 60, `${await rows.count()} rows are in the document`);
    assert.equal(await rows.first().getAttribute('aria-setsize'), String(order.length));
    await press(page, 'j', 40);
    assert.equal((await standsAt(page, 40)).id, order[39]);
    await press(page, 'End');
    assert.equal((await standsAt(page, order.length)).id, order.at(-1));
    await press(page, 'k', 3);
    await standsAt(page, order.length - 3);
    await press(page, 'PageUp', 30);
    const { place, id } = await until('30 pages up', async () => (await focused(page)).place < order.length - 200).then(
      () => focused(page),
    );
    assert.equal(id, order[place - 1]);
    await standsAt(page, place);
    await press(page, 'PageDown');
    await until('a page down', async () => (await focused(page)).place > place);
    await press(page, 'Home');
    await standsAt(page, 1);
    assert.ok((await rows.count()) < 60, 'rows were left in the document');
    await press(page, 'End');
    const { name } = await standsAt(page, order.length);
    await press(page, 'o');
    await page.getByRole('heading', { level: 1, name }).waitFor();
  },

  'the row that has the focus keeps it however far one scrolls': async (page, base) => {
    await openList(page, base);
    await press(page, 'j', 3);
    const { id } = await standsAt(page, 3);
    await scrollToRow(page, 6000);
    assert.equal((await focused(page)).id, id);
    await press(page, 'j');
    await standsAt(page, 4);
  },

  'from one row to one far below is chosen, labelled at once and taken back': async (page, base) => {
    await page.addInitScript(() => window.origin !== 'null' && localStorage.setItem('hydrophone-name', 'e2e'));
    const order = await openList(page, base);
    await press(page, 'j', 2);
    await press(page, 'x');
    await press(page, 'PageDown', 100);
    // It stands at the last of the rows that it was sent to as soon as that one is loaded.
    let place = 0;
    await until('far below, and no further', async () => {
      const before = place;
      await page.waitForTimeout(1500);
      ({ place } = await focused(page));
      return place > 600 && place === before;
    });
    await press(page, 'Shift+X');
    const count = place - 1;
    await page.getByText(`${count.toLocaleString('en-US')} selected`, { exact: true }).waitFor();
    await refresh(page);
    await page.reload();
    await settled(page);
    await page.getByText(`${count.toLocaleString('en-US')} selected`).waitFor();
    await page.getByRole('button', { name: 'Label', exact: true }).click();
    await page.getByPlaceholder('team').fill('crew=night');
    await page.keyboard.press('Enter');
    const notices = page.getByRole('region', { name: 'Notices' });
    await notices.getByText(`${count.toLocaleString('en-US')} errors labelled crew:night`).waitFor();
    const found = await api(page, base, 'aggregates?q=label.crew:night&all=true&order=true&limit=1');
    assert.deepEqual(
      found.order.toSorted((a, b) => a - b),
      order.slice(1, place).toSorted((a, b) => a - b),
    );
    await notices.getByRole('button', { name: 'Undo' }).click();
    await notices.getByText('Taken back').waitFor();
  },

  'what one reads stays where it is while the figures go on': async (page, base) => {
    await openList(page, base);
    await scrollToRow(page, 4000);
    const before = await onScreen(page);
    const places = (rows) => rows.map(({ id, place, top }) => ({ id, place, top }));
    let fresh = [];
    await until('some figure has changed', async () => {
      fresh = await refresh(page);
      const now = await onScreen(page);
      assert.deepEqual(places(now), places(before));
      return now.some(({ text }, index) => text !== before[index].text);
    });
    assert.ok(!before.every(({ id, place }) => fresh[place - 1] === id), 'the order did not change');
    await page.getByRole('button', { name: 'Show what is new' }).click();
    await until('the first row is on top', async () => (await onScreen(page))[0]?.place === 1);
    // Nobody points at the list or has scrolled into it: it is as the server says.
    await page.mouse.move(1, 1);
    await page.evaluate(() => document.activeElement?.blur());
    await until('the first row is the newest', async () => {
      const order = await refresh(page);
      return (await onScreen(page))[0]?.id === order[0];
    });
  },

  'back leads to the same place and row': async (page, base) => {
    await openList(page, base);
    await scrollToRow(page, 2500);
    const before = await onScreen(page);
    const chosen = before[3];
    await page.locator(`li[data-id="${chosen.id}"] [data-error-link]`).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await settled(page);
    await page.goBack();
    await settled(page);
    const same = async () => JSON.stringify((await onScreen(page)).map(({ id, top }) => [id, top]));
    const expected = JSON.stringify(before.map(({ id, top }) => [id, top]));
    await until('the same rows stand where they stood', async () => (await same()) === expected || same());
    assert.equal((await focused(page)).id, chosen.id);
    await refresh(page);
    assert.equal(await same(), expected);
    await press(page, 'j');
    await until('the next row', async () => (await focused(page)).place === chosen.place + 1);
  },

  'another order, query or range begins at the top of the list': async (page, base) => {
    await openList(page, base);
    for (const act of [
      () => page.getByRole('button', { name: 'Count', exact: true }).click(),
      async () => {
        await page.keyboard.press('/');
        await page.keyboard.type('is:open');
        await page.keyboard.press('Enter');
      },
    ]) {
      await scrollToRow(page, 3000);
      const before = hash(page);
      await act();
      await until('the address has it', () => hash(page) !== before);
      await until('the first row is on screen', async () => (await onScreen(page)).some(({ place }) => place === 1));
      await settled(page);
    }
  },

  'the whole list is chosen with one click, and all but one': async (page, base) => {
    const { length } = await openList(page, base);
    const said = (n) => page.getByText(`${n.toLocaleString('en-US')} selected`);
    await page.getByLabel('Select all').click();
    await said(length).waitFor();
    assert.ok(hash(page).endsWith('selected=all'));
    await page.locator('li[data-id] input').nth(2).click();
    await said(length - 1).waitFor();
    await page.getByLabel('Select all').click();
    await said(length).waitFor();
    await page.getByLabel('Select all').click();
    await until('nothing is chosen', () => !hash(page).includes('selected'));
  },

  'a long list is accessible and fits, wide and narrow, light and dark': async (page, base) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 844 });
        await page.goto('about:blank');
        await openList(page, base);
        await scrollToRow(page, 5000);
        await press(page, 'j');
        await press(page, 'x');
        await panel(page, 'Errors').getByText('1 selected').waitFor();
        await accessible(page, `${width} px, ${colorScheme}`);
        await fits(page, `${width} px, ${colorScheme}`);
        const cut = await page
          .locator('li[data-id] > div')
          .evaluateAll((all) => all.filter((one) => one.scrollHeight > one.clientHeight + 1).length);
        assert.equal(cut, 0, `${cut} rows are cut at ${width} px`);
      }
    }
  },

  'two hundred targets are walked by keyboard, and few of them are in the document': async (page, base) => {
    await open(page, base, '#/targets');
    const { targets } = await api(page, base, 'targets?state=active');
    const rows = page.locator('tbody[data-id]');
    const all = Number(await page.locator('main table').getAttribute('aria-rowcount')) - 1;
    assert.equal(all, targets.length + new Set(targets.map(({ service }) => service)).size);
    assert.ok((await rows.count()) < 60, `${await rows.count()} rows are in the document`);
    const at = () =>
      page.evaluate(() => {
        const row = document.activeElement?.closest('tbody[data-index]');
        const box = document.activeElement?.getBoundingClientRect();
        const isSeen = box !== undefined && box.top >= 30 && box.bottom <= window.innerHeight;
        return { index: Number(row?.dataset.index ?? -1), isSeen };
      });
    const standsAt = (index) =>
      until(`one stands at row ${index}`, async () => {
        const found = await at();
        return (found.index === index && found.isSeen) || found;
      });
    await press(page, 'j', 30);
    await standsAt(29);
    await press(page, 'End');
    await standsAt(all - 1);
    await press(page, 'ArrowUp', 2);
    await standsAt(all - 3);
    assert.equal(await page.locator('tbody[data-id] [tabindex="0"]').count(), 1);
    await press(page, 'o');
    await page.getByRole('region', { name: 'Health over time' }).waitFor();
    await press(page, 'Home');
    await standsAt(0);
    // What one reads stays where it is while targets are scraped.
    await page.evaluate(() => window.scrollTo(0, 3000));
    const tops = () =>
      rows.evaluateAll((all) =>
        all
          .map((row) => [row.dataset.id, Math.round(row.getBoundingClientRect().top)])
          .filter(([, top]) => top > 30 && top < window.innerHeight)
          .join('\n'),
      );
    await until('other rows are there', async () => (await tops()) !== '');
    await page.waitForTimeout(300);
    const before = await tops();
    const answered = page.waitForResponse(/targets\?/);
    await press(page, 'r');
    await (await answered).finished();
    await settled(page);
    assert.equal(await tops(), before);
    await accessible(page, 'many targets');
  },
};
