// How quick the pages are with 10,000 errors at 200 targets, and whether they stay so: in Chromium, against a server that watches fleet.mjs.
//
//     node benches/ui/measure.mjs http://127.0.0.1:7777/ [open] [range] [scroll] [refresh]
//
// Prints one line to a figure: the median, the shortest and the longest; and how much processor time the page's main thread took, which
// stays the same when the machine has other work.  CHROMIUM names another browser. `refresh` refreshes as often
// as an hour of auto refresh every 5 s does, one after the other, and prints what is left after garbage was collected.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const runs = Number(process.env.RUNS ?? 9);
const refreshes = Number(process.env.REFRESHES ?? 720);
/** Pictures while scrolling: to the list's end, unless it is said otherwise. */
const frames = Number(process.env.FRAMES ?? 100_000);
/** Pixels from one picture to the next: 100 is 6,000 in a second, a fast wheel. */
const speed = Number(process.env.SPEED ?? 100);
const list = '#/errors?from=now-7d';
const [address = 'http://127.0.0.1:7777/', ...wanted] = process.argv.slice(2);
const base = new URL(address.endsWith('/') ? address : `${address}/`).href;
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (one) => one && existsSync(one),
);
const args = ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath, args });

async function fresh() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'UTC' });
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  return { context, page, client };
}

/** What the page's main thread has done so far, milliseconds of processor time by what it did. */
async function worked(client) {
  const { metrics } = await client.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, /Duration$/.test(name) ? value * 1000 : value]));
}

function say(what, numbers, unit = 'ms') {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(unit === 'ms' ? 0 : 2);
  console.log(`${what}: median ${at(0.5)} ${unit}, ${at(0)} to ${at(1)}, of ${sorted.length}`);
}

/** Until the picture that has the rows is on screen; the time is the page's own, from `from` on. */
const painted = (page, from) =>
  page.evaluate(
    (begin) =>
      new Promise((done) => {
        const look = () =>
          document.querySelector('[data-error-link]')
            ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)))
            : requestAnimationFrame(look);
        look();
      }),
    from,
  );

/** Nothing is being loaded, and nothing old is on screen. */
const busy = 'main [role="status"], main [aria-busy="true"], main [data-stale]';

async function settled(page) {
  await page.locator('[data-error-link]').first().waitFor();
  await page.waitForFunction((selector) => !document.querySelector(selector), busy);
}

async function open() {
  const cold = [];
  const clicked = [];
  const coldWork = [];
  const clickedWork = [];
  for (let run = 0; run < runs; run += 1) {
    const { context, page, client } = await fresh();
    await page.goto(`${base}${list}`, { waitUntil: 'commit' });
    cold.push(await painted(page, 0));
    coldWork.push((await worked(client)).TaskDuration);
    await context.close();
  }
  for (let run = 0; run < runs; run += 1) {
    const { context, page, client } = await fresh();
    await page.goto(`${base}#/status?from=now-7d`);
    await page.locator('main h1, main h2').first().waitFor();
    await page.waitForTimeout(1000);
    const before = await worked(client);
    await page.evaluate(() => {
      const link = Array.from(document.querySelectorAll('nav a')).find((one) => one.textContent === 'Errors');
      window.from = performance.now();
      link.click();
    });
    clicked.push(await painted(page, await page.evaluate(() => window.from)));
    clickedWork.push((await worked(client)).TaskDuration - before.TaskDuration);
    await context.close();
  }
  say('open, the page not loaded yet, until rows are painted', cold);
  say('  processor time', coldWork);
  say('open, by a click on another page, until rows are painted', clicked);
  say('  processor time', clickedWork);
}

async function range() {
  const { context, page, client } = await fresh();
  await page.goto(`${base}${list}`);
  await settled(page);
  const took = { list: [], all: [], work: [] };
  for (const from of ['1h', '3h', '6h', '12h', '24h', '2d', '3d', '4d', '5d', '6d', '10d'].slice(0, runs + 2)) {
    const before = await worked(client);
    const one = await page.evaluate(
      ([hash, selector]) =>
        new Promise((done) => {
          const begin = performance.now();
          const times = {};
          const panel = document.querySelector('li[data-id]').closest('section');
          location.hash = hash;
          let was = false;
          const look = () => {
            was ||= panel.getAttribute('aria-busy') === 'true';
            if (was && times.list === undefined && panel.getAttribute('aria-busy') !== 'true')
              times.list = performance.now() - begin;
            if (was && !document.querySelector(selector))
              setTimeout(() => done({ all: performance.now() - begin, ...times }));
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }),
      [`#/errors?from=now-${from}`, busy],
    );
    took.list.push(one.list ?? one.all);
    took.all.push(one.all);
    took.work.push((await worked(client)).TaskDuration - before.TaskDuration);
    await page.waitForTimeout(200);
  }
  await context.close();
  say('another range, until the list is drawn anew', took.list);
  say('another range, until the list, the chart and the services are drawn anew', took.all);
  say('  processor time', took.work);
}

async function scroll() {
  const { context, page, client } = await fresh();
  await page.goto(`${base}${list}`);
  await settled(page);
  await page.waitForTimeout(1000);
  const before = await worked(client);
  const { deltas, long, rows } = await page.evaluate(
    ([pictures, pixels]) =>
      new Promise((done) => {
        const lasted = [];
        const tasks = [];
        new PerformanceObserver((entries) =>
          tasks.push(...entries.getEntries().map(({ duration }) => duration)),
        ).observe({
          type: 'longtask',
        });
        let last = 0;
        const step = (now) => {
          if (last > 0) lasted.push(now - last);
          last = now;
          const before = scrollY;
          scrollBy(0, pixels);
          if (scrollY === before || lasted.length === pictures)
            done({ deltas: lasted, long: tasks, rows: Number(document.querySelector('li[data-id]').ariaSetSize) });
          else requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    [frames, speed],
  );
  const after = await worked(client);
  const cpu = (name) => ((after[name] - before[name]) / deltas.length).toFixed(2);
  const over = (ms) => deltas.filter((delta) => delta > ms).length;
  say(`scrolled in a list of ${rows} rows, ${speed} px to a picture, time between pictures`, deltas);
  console.log(
    `  longer than 25 ms: ${over(25)}, than 50 ms: ${over(50)}, than 100 ms: ${over(100)}; tasks above 50 ms: ${long.length}`,
  );
  console.log(
    `  processor time to a picture: ${cpu('TaskDuration')} ms, of it scripts ${cpu('ScriptDuration')}, styles ${cpu('RecalcStyleDuration')}, layout ${cpu('LayoutDuration')}`,
  );
  await context.close();
}

async function refresh() {
  const { context, page, client } = await fresh();
  await page.goto(`${base}${list}`);
  await settled(page);
  await page.evaluate(() => scrollTo(0, document.querySelector('li[data-id]').parentElement.offsetTop + 4000 * 78));
  await settled(page);
  const look = async (number) => {
    for (let n = 0; n < 2; n += 1) await client.send('HeapProfiler.collectGarbage');
    const { usedSize } = await client.send('Runtime.getHeapUsage');
    const { metrics } = await client.send('Performance.getMetrics');
    const of = (name) => metrics.find((one) => one.name === name).value;
    console.log(
      `after ${number} refreshes: ${(usedSize / 1e6).toFixed(2)} MB of objects, ${of('Nodes')} nodes, ${of('JSEventListeners')} listeners`,
    );
  };
  for (let n = 0; n <= refreshes; n += 1) {
    if (n % Math.ceil(refreshes / 12) === 0) await look(n);
    if (n === refreshes) break;
    const answered = page.waitForResponse(/aggregates\?.*order=true/);
    await page.keyboard.press('r');
    await (await answered).finished();
    await settled(page);
  }
  await context.close();
}

const all = { open, range, scroll, refresh };
for (const [name, measure] of Object.entries(all)) if (wanted.length === 0 || wanted.includes(name)) await measure();
await browser.close();
