// What the journeys say of a page.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import axe from 'axe-core';

/** Opens an address of ours and waits until it has shown what it asked for. */
export async function open(page, base, hash = '#/errors') {
  await page.goto(`${base}${hash}`);
  await settled(page);
}

/** Nothing is being loaded, and nothing old is on screen. */
export async function settled(page) {
  await page.locator('main h1, main h2').first().waitFor();
  await page.waitForFunction(
    () => !document.querySelector('main [role="status"], main [aria-busy="true"], main [data-stale]'),
  );
}

/** Waits until it is so. */
export async function until(what, check) {
  const end = Date.now() + 10_000;
  for (;;) {
    const last = await check();
    if (last === true) return;
    if (Date.now() > end) throw new Error(`never: ${what}${last === false ? '' : ` (${JSON.stringify(last)})`}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The address behind the `#`, readable. */
export function hash(page) {
  return decodeURIComponent(new URL(page.url()).hash);
}

export async function api(page, base, path) {
  const response = await page.request.get(`${base}api/v1/${path}`);
  assert.equal(response.status(), 200, `${path}: ${await response.text()}`);
  return response.json();
}

export const panel = (page, title) => page.getByRole('region', { name: title, exact: true });
export const rows = (page) => page.locator('[data-error-link]');
export const plot = (page) => page.locator('.u-over');

/** The number a panel's heading says. */
export async function said(page, title) {
  const text = await panel(page, title).locator('header').innerText();
  return Number(/([\d,]+)/.exec(text)?.[1]?.replaceAll(',', ''));
}

/** The uuid of the sample on screen. */
export async function shownSample(page) {
  return page.getByRole('article', { name: 'Sample' }).locator('p').first().locator('bdi').innerText();
}

export async function drag(page, from, to) {
  const box = await plot(page).boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 4 });
  await page.mouse.move(box.x + box.width * to, y, { steps: 4 });
  await page.mouse.up();
}

/** A picture to look at, where SCREENSHOTS names a directory. */
export async function picture(page, name, options = {}) {
  if (!process.env.SCREENSHOTS) return;
  const { width } = page.viewportSize();
  const scheme = await page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
  const file = `${name.replaceAll(/\W+/g, '-')}-${width}-${scheme}.png`;
  await page.screenshot({ path: join(process.env.SCREENSHOTS, file), ...options });
}

/** On a phone and on a desk, by day and by night. What is looked at last is a desk by day. */
export async function everywhere(page, look) {
  for (const [width, height] of [
    [390, 844],
    [1440, 900],
  ])
    for (const colorScheme of ['dark', 'light']) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await look({ width, colorScheme });
    }
}

/** No rule of axe is broken. */
export async function accessible(page, what) {
  // Colours fade when the scheme changes; what is judged is where they end.
  await page.waitForTimeout(400);
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
  await page.evaluate(axe.source);
  const broken = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document);
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`)
          .join(' | ')}`,
    );
  });
  assert.deepEqual(broken, [], what);
}

/** Nothing sticks out to the right. */
export async function fits(page, what) {
  const { over, widest } = await page.evaluate(() => ({
    over: document.documentElement.scrollWidth - window.innerWidth,
    widest: Array.from(document.querySelectorAll('main *, header *'))
      .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)
      .slice(0, 3)
      .map((one) => one.outerHTML.slice(0, 120)),
  }));
  assert.ok(over <= 0, `${what} is ${over} px too wide: ${widest.join(' | ')}`);
}
