// The server is stopped while a page is open, and started again: the page says both, and what came of a change that was on its way. Its
// disk is full: the page says so, too.
import assert from 'node:assert/strict';
import { accessible, api, fits, open, panel, picture, settled, until } from './page.mjs';
import { during, hydrophone, target } from './server.mjs';

const now = Date.now();

const exposition = () => ({
  target_uuid: 'one',
  aggregated_errors: [
    {
      aggregation_key: 'Boom@1',
      total_count: 3,
      created_at: new Date(now - 60_000).toISOString(),
      latest_errors: [
        {
          uuid: 'u1',
          timestamp: new Date(now - 30_000).toISOString(),
          error: { class: 'Boom', message: 'it went off', stacktrace: ['app/boom.rb:1'], cause: null },
          http_context: null,
        },
      ],
    },
  ],
});

const configuration = (address) => `global: {scrape_interval: 1s, scrape_timeout: 1s}
services:
  - name: checkout
    metrics_path: /-/exceptions
    static_configs: [{targets: [${JSON.stringify(address)}]}]
`;

export const restart = {
  'a server is stopped and started under a page and a change': async (page) => {
    await page.addInitScript(() => window.origin !== 'null' && localStorage.setItem('hydrophone-name', 'e2e'));
    await during(target(exposition), ({ address }) =>
      during(hydrophone(configuration(address)), async (server) => {
        const { base } = server;
        await until('it was scraped', async () => (await api(page, base, 'aggregates')).total === 1);
        const [{ id }] = (await api(page, base, 'aggregates')).aggregates;
        const state = async () => (await api(page, base, `aggregates/${id}`)).state;
        const notices = page.getByRole('region', { name: 'Notices' });
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await page.goto('about:blank');
          await open(page, base, '#/checkout/errors/Boom%401');
          await server.end();
          await page.keyboard.press('e');
          await notices.getByText('The connection was lost').waitFor();
          await page.getByText('The server can not be reached').waitFor();
          // What was there goes on being there.
          await page.getByRole('article', { name: 'Sample' }).getByText('it went off').first().waitFor();
          assert.equal(await panel(page, 'Samples').count(), 1);
          for (const width of [390, 1440]) {
            await page.setViewportSize({ width, height: 860 });
            await fits(page, 'a page without a server');
            await picture(page, 'a page without a server');
          }
          await accessible(page, 'a page without a server');
          await server.again();
          await page.getByText('The server is back').waitFor();
          await notices.getByText('Not done: Boom resolved').waitFor();
          assert.equal(await state(), 'open');
          await settled(page);
          await picture(page, 'a page whose server is back');
        }
        // It goes on as if nothing had been.
        await page.keyboard.press('e');
        await until('it is resolved', async () => (await state()) === 'resolved');
      }),
    );
  },
};

for (const journey of Object.values(restart)) Object.assign(journey, { own: true, refuses: true });

restart['a full disk is said on every page'] = async (page, base) => {
  let outage = {
    since: new Date(now - 200_000).toISOString(),
    reason: 'can not write to hydrophone.redb: No space left on device (os error 28)',
    held_scrapes: 120,
    held_bytes: 3_000_000,
    held_bytes_max: 67_108_864,
    paused: false,
  };
  await page.route('**/api/v1/status', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), outage } });
  });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 860 });
      await open(page, base, '#/errors');
      await page.getByText('what is scraped waits in memory, and is not on this page yet').waitFor();
      await fits(page, 'a page of a server without room');
      await picture(page, 'a page of a server without room');
      await accessible(page, 'a page of a server without room');
      await page.getByRole('status').getByRole('link', { name: 'Status' }).click();
      await page.getByRole('list', { name: 'What is the matter' }).getByText('120 scrapes (3 MB of').waitFor();
      await picture(page, 'the status of a server without room');
    }
  }
  outage = null;
  await page.keyboard.press('r');
  await until('nothing is said any more', async () => (await page.getByText('The disk is full').count()) === 0);
};
