// Keyboard alone, and few keys: a list of any length is one stop to Tab, and whoever leaves it comes back to the row they left.
import assert from 'node:assert/strict';
import { hash, open, panel, rows, settled, until } from './page.mjs';

const list = '#/errors?from=now-30d&sort=count';

const known = (page) =>
  page.addInitScript(() => window.origin !== 'null' && localStorage.setItem('hydrophone-name', 'e2e'));

/** Which of the rows has the focus, from 0 on; -1 where none has. */
const standing = (page) =>
  page.evaluate(() => {
    const row = document.activeElement?.closest('li[data-id]');
    if (!document.activeElement?.matches('[data-error-link]')) return -1;
    return Number(row.dataset.index ?? Array.from(row.parentElement.children).indexOf(row));
  });

const standsAt = (page, at) =>
  until(`one stands at row ${at}`, async () => {
    const found = await standing(page);
    return found === at || found;
  });

const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

export const stops = {
  'to Tab the list of errors is one stop, which is where one stood': async (page, base) => {
    await open(page, base, list);
    assert.equal(await page.locator('li[data-id] [tabindex="0"]').count(), 1);
    await page.getByRole('button', { name: 'Last seen', exact: true }).focus();
    await press(page, 'Tab');
    await standsAt(page, 0);
    await press(page, 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp');
    await standsAt(page, 2);
    await press(page, 'Tab');
    assert.equal(await standing(page), -1);
    await press(page, 'Shift+Tab');
    await standsAt(page, 2);
    await press(page, 'End');
    const last = (await page.locator('li[data-id]').first().getAttribute('aria-setsize')) - 1;
    await standsAt(page, last);
    assert.equal(await page.locator('li[data-id] [tabindex="0"]').count(), 1);
    // Nobody wants to be thrown back to a row that was scrolled past.
    await press(page, 'Tab');
    await page.evaluate(() => window.scrollTo(0, 0));
    await until('the first row in view is the stop', async () => {
      const at = await page.locator('li[data-id]:has([tabindex="0"])').getAttribute('data-index');
      return at === '0' || at;
    });
  },

  'a dialog, a menu and a change give the row back, also one that left the list': async (page, base) => {
    await known(page);
    await open(page, base, `${list}&q=is:open+-has:assignee`);
    await press(page, 'j', 'j', 'j');
    await standsAt(page, 2);
    for (const keys of [
      ['Shift+?', 'Escape'],
      ['l', 'Escape'],
      ['m', 'Escape'],
      ['a', 'Escape'],
    ]) {
      await press(page, keys[0]);
      await page.locator('[role="dialog"], [role="menu"]').first().waitFor();
      await press(page, keys[1]);
      await standsAt(page, 2);
    }
    await press(page, 'x', 'j', 'x');
    await page.getByText('2 selected').waitFor();
    await press(page, 'a');
    await page.getByPlaceholder('a name, or me').fill('dave');
    await press(page, 'Enter');
    const notices = page.getByRole('region', { name: 'Notices' });
    await notices.getByText('2 errors assigned').waitFor();
    await press(page, 'r');
    await settled(page);
    await until('one stands at a row', async () => (await standing(page)) >= 0);
    await press(page, 'Control+z');
    await notices.getByText('Taken back').waitFor();
    await until('one still does', async () => (await standing(page)) >= 0);
    await press(page, 'j');
    await until('and goes on from there', async () => (await standing(page)) >= 0);
    // Nothing was chosen by hand, and there is no row to go back to: the first one will do.
    await page.goto('about:blank');
    await open(page, base, `${list}&q=is:open&selected=all`);
    await page.getByRole('button', { name: /^Clear the selection/ }).focus();
    await press(page, 'Enter');
    await until('nothing is chosen', () => !hash(page).includes('selected='));
    await until('one stands at the list', async () => (await standing(page)) >= 0);
  },

  'to Tab the samples found are one stop, the open one is walked through': async (page, base) => {
    await open(page, base, '#/search?from=now-30d');
    const all = await rows(page).count();
    assert.ok(all > 20, `${all} samples are too few`);
    assert.equal(await page.locator('[data-error-link][tabindex="0"]').count(), 1);
    await rows(page).first().focus();
    await press(page, 'ArrowDown', 'ArrowDown');
    await standsAt(page, 2);
    await press(page, 'Tab');
    assert.equal(await standing(page), -1);
    await press(page, 'Shift+Tab');
    await standsAt(page, 2);
    await press(page, 'End');
    await standsAt(page, all - 1);
    await press(page, 'Home', 'Enter');
    await panel(page, 'Samples').getByRole('article', { name: 'Sample' }).waitFor();
    await standsAt(page, 0);
    await press(page, 'Tab');
    assert.ok(
      await page.evaluate(() => document.activeElement?.closest('[data-open]') !== null),
      'what is in the open sample is skipped',
    );
    await press(page, 'Escape');
    await standsAt(page, 0);
  },
};
