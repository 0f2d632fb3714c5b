// The pages at other addresses: below a path, where the server itself serves there and behind a proxy that takes the path away, and
// by a name on a network without TLS, where browsers say less.
import assert from 'node:assert/strict';
import { api, hash, open, panel, picture, plot, rows, settled, until } from './page.mjs';
import { answering, during, hydrophone, stripping, target } from './server.mjs';

const service = 'shop/eu 50%';
const key = 'A::B@1/2 %2F?x#y&z é';

const now = Date.now();

function exposition() {
  return {
    target_uuid: 'one',
    aggregated_errors: [
      {
        aggregation_key: key,
        total_count: 5,
        severity: 'error',
        created_at: new Date(now - 60_000).toISOString(),
        latest_errors: [
          {
            uuid: 'u1',
            timestamp: new Date(now - 10_000).toISOString(),
            severity: 'error',
            error: { class: 'A::B', message: 'below a path', stacktrace: ['app/a.rb:1'], cause: null },
            http_context: null,
          },
        ],
      },
    ],
  };
}

// Whoever comes under another machine's name may only read where nothing else is said.
const configuration = (address) => `web: {auth: {anonymous: triage}}
global: {scrape_interval: 1s, scrape_timeout: 1s}
services:
  - name: ${JSON.stringify(service)}
    metrics_path: /-/exceptions
    static_configs: [{targets: [${JSON.stringify(address)}]}]
`;

/** Everything that has an address of its own. */
async function walk(page, base) {
  const outside = [];
  page.on('request', (request) => {
    if (!`${request.url()}/`.startsWith(base) && !/^(blob|data|about):/.test(request.url()))
      outside.push(request.url());
  });
  await until('it was scraped', async () => (await api(page, base, 'aggregates')).total === 1);
  const error = `#/${encodeURIComponent(service)}/errors/${encodeURIComponent(key)}`;

  // Periskop's deep link, whatever stands in the key, and also when somebody forgot to encode its slashes.
  for (const place of [error, error.replaceAll('%2F1', '/1')]) {
    await page.goto('about:blank');
    await open(page, base, place);
    await page.getByRole('heading', { level: 1, name: 'A::B' }).waitFor();
    assert.ok((await page.locator('main dl').first().innerText()).includes(key));
  }
  // The way in without a slash at its end, and below it.
  await page.goto(base.slice(0, -1));
  await settled(page);
  assert.equal(new URL(page.url()).pathname, new URL(base).pathname);
  await page.goto(`${base}some/where?x=1#/targets`);
  await page.getByRole('heading', { level: 1, name: 'Targets' }).waitFor();

  await open(page, base, '#/errors?by=service');
  await picture(page, `below ${new URL(base).pathname}`);
  await rows(page).first().click();
  await page.getByRole('heading', { level: 1, name: 'A::B' }).waitFor();
  assert.ok(page.url().startsWith(`${base}#/`), page.url());

  await open(page, base, '#/errors?by=service');
  const menu = async (name) => {
    await page.getByRole('button', { name: 'Take the chart along' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await menu('Copy link');
  await page.getByText('Link copied').waitFor({ state: 'attached' });
  const link = await clipboard();
  assert.ok(link.startsWith(`${base}#/errors?`), link);
  await menu('Copy as Markdown image');
  await page.getByText('Markdown copied').waitFor({ state: 'attached' });
  const [, image] = /^\[!\[[^\]]+\]\(([^)]+)\)\]/.exec(await clipboard()) ?? [];
  assert.ok(image?.startsWith(`${base}charts/`), image);
  assert.equal((await page.request.get(image)).headers()['content-type'], 'image/png');
  await page.goto('about:blank');
  await page.goto(link);
  await plot(page).waitFor();
  assert.equal(hash(page), decodeURIComponent(new URL(link).hash));

  const { aggregates } = await api(page, base, 'aggregates');
  const change = { data: { labels: { team: 'web' } } };
  assert.equal((await page.request.patch(`${base}api/v1/aggregates/${aggregates[0].id}`, change)).status(), 200);
  await open(page, base, '#/reports?label=team');
  await until('the server’s picture is there', () =>
    page.locator('main img').evaluate((drawn) => drawn.naturalWidth > 0),
  );
  await open(page, base, '#/search?q=below');
  await until('it is found', async () => (await rows(page).count()) === 1);
  await open(page, base, '#/status');
  await panel(page, 'Configuration').getByText('scrape_interval').first().waitFor();
  assert.deepEqual(outside, []);
}

export const prefix = {
  'below the path of --web.external-url everything works': async (page) => {
    await during(target(exposition), ({ address }) =>
      during(hydrophone(configuration(address), ['--web.external-url=http://example.org/hydro/']), async ({ base }) => {
        await walk(page, `${base}hydro/`);
        // Nothing else is served there, and who comes to the root is sent on.
        assert.equal((await page.request.get(`${base}api/v1/status`)).status(), 404);
        await page.goto(base);
        assert.equal(new URL(page.url()).pathname, '/hydro/');
      }),
    );
  },

  'behind a proxy that takes the path away everything works': async (page) => {
    await during(target(exposition), ({ address }) =>
      during(
        hydrophone(configuration(address), ['--web.external-url=http://example.org/a/b', '--web.route-prefix=/']),
        ({ base }) =>
          during(stripping('/a/b', base), async (proxy) => {
            await walk(page, `http://${proxy.address}/a/b/`);
          }),
      ),
    );
  },

  'by a name without TLS a backup is downloaded': async (page) => {
    const { address, stop } = await answering(() => {});
    await stop();
    const base = `http://${address.replace('127.0.0.1', 'hydrophone.test')}/`;
    const flags = [`--web.external-url=${base}`, `--web.listen-address=${address}`, '--web.enable-admin-api'];
    await during(hydrophone('web: {auth: {anonymous: admin}}\nservices: []\n', flags), async () => {
      await open(page, base, '#/status');
      assert.equal(await page.evaluate(() => window.isSecureContext), false);
      const asked = page.context().waitForEvent('response', (response) => response.url().endsWith('admin/backup'));
      await page.getByRole('button', { name: 'Download a backup' }).click();
      assert.equal((await asked).status(), 200);
    });
  },
};

for (const journey of Object.values(prefix)) journey.own = true;
