// The first minutes with a server: nothing configured, nobody who answers, nothing that was thrown. The pages say what to do, and go
// on by themselves once it is done.
import assert from 'node:assert/strict';
import { accessible, api, everywhere, fits, open, panel, picture, until } from './page.mjs';
import { during, hydrophone, target } from './server.mjs';

const services = (address) => `global: {scrape_interval: 1s, scrape_timeout: 1s}
services:
  - name: checkout
    metrics_path: /-/exceptions
    static_configs: [{targets: [${JSON.stringify(address)}]}]
`;

const exposition = (count) => ({
  target_uuid: 'one',
  aggregated_errors: count === 0 ? [] : [{ aggregation_key: 'Boom@1', total_count: count, latest_errors: [] }],
});

/** What one sees at once, at every size and in every colour. */
async function seen(page, base, what, text) {
  await everywhere(page, async () => {
    await page.goto('about:blank');
    await open(page, base, '#/');
    await page.getByText(text).first().waitFor();
    await fits(page, what);
    await accessible(page, what);
    await picture(page, `first run, ${what}`);
  });
}

export const first = {
  'first run: nothing is configured, then something is': async (page) => {
    await during(
      target(() => exposition(3)),
      ({ address }) =>
        during(hydrophone(''), async (server) => {
          await seen(page, server.base, 'nothing configured', 'Nothing is watched yet');
          await page.getByRole('button', { name: 'Copy the example' }).click();
          const example = await page.evaluate(() => navigator.clipboard.readText());
          assert.match(example, /^services:\n {2}- name: /);
          // What is pasted is a configuration; only its target is somewhere else.
          await server.reload(example.replace(/targets: .*/, `targets: [${JSON.stringify(address)}]`));
          await page.getByText('Nothing is watched yet').waitFor({ state: 'detached' });
          await until(
            'its targets are listed',
            async () => (await api(page, server.base, 'targets')).targets.length === 1,
          );
        }),
    );
  },

  'first run: nobody answers, then somebody does': async (page) => {
    let answers = false;
    await during(
      target(() => {
        if (!answers) throw new Error('refused');
        return exposition(3);
      }),
      ({ address }) =>
        during(hydrophone(services(address)), async ({ base }) => {
          await until('a scrape failed', async () => (await api(page, base, 'targets')).targets[0]?.health === 'down');
          await seen(page, base, 'a dead target', 'The one target does not answer');
          await page.getByText('curl -i').first().waitFor();
          await page.getByRole('button', { name: 'Look at the targets' }).click();
          await page.getByText('0 of 1 up').first().waitFor();
          await page.goBack();
          await page.getByText('The one target does not answer').waitFor();
          answers = true;
          await page.getByText('The one target does not answer').waitFor({ state: 'detached' });
          await panel(page, 'Services').getByText('1/1').waitFor();
        }),
    );
  },

  'first run: nothing was thrown, then something is': async (page) => {
    let count = 0;
    await during(
      target(() => exposition(count)),
      ({ address }) =>
        during(hydrophone(services(address)), async ({ base }) => {
          await until('it was scraped', async () => (await api(page, base, 'targets')).targets[0]?.health === 'up');
          await seen(page, base, 'no data', 'No error yet, and everything is ready for the first one');
          for (const place of ['#/errors', '#/search', '#/targets', '#/activity', '#/reports', '#/status']) {
            await page.goto('about:blank');
            await open(page, base, place);
            await picture(page, `empty ${place.slice(2)}`);
            await fits(page, `${place} without data`);
            await accessible(page, `${place} without data`);
          }
          await open(page, base, '#/');
          count = 7;
          await page.getByText('No error yet').waitFor({ state: 'detached' });
          await until('its errors are counted', async () => /\b7\b/.test(await panel(page, 'Services').innerText()));
        }),
    );
  },
};

for (const journey of Object.values(first)) Object.assign(journey, { own: true, refuses: true });
