// A target that sends what nobody should, and a team that writes the same: all of it is text, and stays in its place.
import assert from 'node:assert/strict';
import { api, fits, hash, open, picture, plot, rows, until } from './page.mjs';
import { during, hydrophone, target } from './server.mjs';

const markup = `<script>window.broken=1</script><img src=x onerror="window.broken=1">"'><svg/onload=window.broken=1>`;
const markdown = '](javascript:window.broken=1) ![x](http://evil.invalid/x.png) ```` <b>`';
const bidi = 'user \u202e gnp.exe \u2066 isolate \u200f mark שלום العربية';
const control = 'nul \u0000 bell \u0007 escape \u001b[31mred line\u2028end\u200bzero\ufeffwidth\u00adsoft \ud800 half';
const emoji = '👩‍👩‍👧‍👦🏳️‍🌈 Z̷̢̛̟͎̳̩̗a̸l̵g̶o̷ 夜間エラー';
const endless = 'NoSpaceAnywhere'.repeat(667).slice(0, 10_000);
const service = 'a/../b%2F<b>#?&\u202e x';
// It takes a second or two; the machine may have others to serve.
const pageMsMax = 15_000;

const kinds = {
  markup: { class: markup, message: `${markup}${markdown}` },
  markdown: { class: markdown, message: `${markdown}\n\`\`\`\n# not a heading\n${'`'.repeat(40)}` },
  bidi: { class: bidi, message: bidi.repeat(20) },
  control: { class: control, message: control.repeat(20) },
  emoji: { class: emoji, message: emoji.repeat(50) },
  'a class without a blank': { class: endless, message: endless, key: endless },
  'a message of 1 MB': { class: 'BigMessage', message: 'all work and no play '.repeat(50_000) },
  'a message of 1 MB in one word': { class: 'BigWord', message: 'x'.repeat(1_000_000) },
  'a stack of 5,000 frames': {
    class: 'DeepStack',
    message: 'maximum recursion depth exceeded',
    stacktrace: Array.from(
      { length: 5_000 },
      (_, n) => `  at ${n % 7 ? 'recurse' : markup} (src/deep${n % 3}.ts:${n}:1)`,
    ),
  },
  'a key like a path': { class: 'PathKey', message: 'x', key: '../..//%2F%00?q=1#x&@ "\'<b>\\' },
  nothing: { class: '', message: '', key: ' ' },
};

const now = Date.now();

function exposition() {
  return {
    target_uuid: 'hostile',
    aggregated_errors: Object.entries(kinds).map(([name, one], n) => ({
      aggregation_key: one.key ?? `${one.class.slice(0, 300)}@${n}`,
      total_count: 3 + n,
      severity: 'error',
      created_at: new Date(now - 60_000).toISOString(),
      latest_errors: [
        {
          uuid: `${name} ${markup}`.slice(0, 200),
          timestamp: new Date(now - 30_000).toISOString(),
          severity: markup,
          error: {
            class: one.class,
            message: one.message,
            stacktrace: one.stacktrace ?? [`at ${one.class.slice(0, 500)} (${markup}.ts:1:1)`],
            cause: {
              class: one.class.slice(0, 400),
              message: one.message.slice(0, 400),
              stacktrace: null,
              cause: null,
            },
          },
          http_context: {
            request_method: markup,
            request_url: `javascript:window.broken=1//${one.class.slice(0, 300)}`,
            request_headers: {
              [markup]: bidi,
              'X-Long': endless.slice(0, 8_000),
              Referer: 'javascript:window.broken=1',
            },
            request_body: `${markup}\n${control}`,
          },
        },
      ],
    })),
  };
}

const quoted = (text) => JSON.stringify(text);

function configuration(address) {
  return `global:
  scrape_interval: 1s
  scrape_timeout: 1s
  class_size_limit: 16KiB
  key_size_limit: 16KiB
  message_size_limit: 2MiB
  stack_frame_limit: 6000
  stack_size_limit: 1MiB
services:
  - name: ${quoted(service)}
    metrics_path: /-/exceptions
    static_configs:
      - targets: [${quoted(address)}]
        labels:
          zone: ${quoted(markup)}
          version: ${quoted(`${bidi}${endless.slice(0, 1_500)}`)}
  - name: ${quoted(markup)}
    static_configs: [{targets: ["127.0.0.1:1"]}]
`;
}

/** What must not happen on any page, and what was seen of it. */
async function watched(page, base) {
  const seen = [];
  page.on('dialog', (dialog) => {
    seen.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !/^(blob|data|about):/.test(url)) seen.push(`a request to ${url.slice(0, 100)}`);
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return seen;
}

/** Nothing ran, nothing became an element, and nothing that steers text is in the page. */
async function inert(page, seen, what) {
  const found = await page.evaluate(() => {
    const steers = /(?![\n\r\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
    const shown = (text) =>
      text
        .trim()
        .slice(0, 60)
        .replace(steers, (c) => `U+${c.codePointAt(0).toString(16)}`);
    const problems = [...window.violations];
    if (window.broken) problems.push('a script ran');
    for (const one of document.querySelectorAll(
      'main b script, main script, main img:not([alt]), a[href^="javascript:" i]',
    ))
      problems.push(one.outerHTML.slice(0, 100));
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const text = node.data;
      if (steers.test(text)) problems.push(`text: ${shown(text)}`);
      const own = node.parentElement;
      if (!/[\u0590-\u06ff]/.test(text) || !own.checkVisibility()) continue;
      const isolates = (element) => /isolate|plaintext/.test(getComputedStyle(element).unicodeBidi);
      let at = own;
      while (at && !isolates(at) && getComputedStyle(at).display.startsWith('inline')) at = at.parentElement;
      if (!at || !isolates(at)) problems.push(`not isolated: ${shown(own.outerHTML)} ${shown(text)}`);
    }
    for (const one of document.querySelectorAll('[title], [aria-label], [placeholder]'))
      for (const name of ['title', 'aria-label', 'placeholder'])
        if (steers.test(one.getAttribute(name) ?? '')) problems.push(`${name}: ${shown(one.getAttribute(name))}`);
    if (steers.test(document.title)) problems.push(`title: ${shown(document.title)}`);
    if (document.title.length > 300) problems.push(`a title of ${document.title.length} characters`);
    return [...new Set(problems)].slice(0, 8);
  });
  assert.deepEqual([...seen, ...found], [], what);
}

const errorPlace = ({ service: name, aggregation_key }) =>
  `#/${encodeURIComponent(name)}/errors/${encodeURIComponent(aggregation_key)}`;

async function write(page, base, path, method, data) {
  const response = await page.request.fetch(`${base}api/v1/${path}`, {
    method,
    data,
    headers: { 'x-hydrophone-user': 'mallory' },
  });
  assert.ok(response.ok(), `${method} ${path}: ${await response.text()}`);
}

/** What people may write is as bad as what targets send. */
async function scrawl(page, base, errors) {
  for (const { id } of errors)
    await write(page, base, `aggregates/${id}`, 'PATCH', {
      labels: { team: `${markup}${bidi}`.slice(0, 200), ticket: 'javascript:window.broken=1' },
      assignee: `${markup}${bidi}`.slice(0, 100),
      note: `${markup}\n${bidi}\n${endless}`.slice(0, 3_000),
    });
  await write(page, base, 'views', 'POST', { name: `${markup}${bidi}`.slice(0, 60), query: 'is:open' });
}

/** What is copied and drawn for elsewhere is as inert there. */
async function takenAlong(page, base) {
  for (const by of ['aggregate', 'target.zone', 'label.team']) {
    const picture = await page.request.get(`${base}charts/range.svg?by=${by}&title=${encodeURIComponent(markup)}`);
    const svg = await picture.text();
    assert.equal(picture.status(), 200, svg.slice(0, 200));
    assert.doesNotMatch(svg, /<(script|img|svg\/|foreignObject)|<\w[^>]* on\w+=|javascript:\w+["']/);
    assert.match(picture.headers()['content-security-policy'] ?? '', /sandbox|default-src 'none'|script-src/);
  }
}

/** The sample on screen as Markdown. */
async function copied(page, what) {
  await page.getByRole('button', { name: 'Copy Markdown' }).click();
  await page.getByText('Copied', { exact: true }).waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.deepEqual(outside(text), [], `Markdown of ${what}`);
}

/** Lines of Markdown that would be more than text: outside of fences and code spans. */
function outside(markdownText) {
  const found = [];
  let fence = '';
  for (const line of markdownText.split('\n')) {
    const mark = /^ {0,3}(`{3,})/.exec(line)?.[1];
    if (fence === '' && mark) fence = mark;
    else if (fence !== '') {
      if (mark && mark.length >= fence.length && /^[ `]*$/.test(line)) fence = '';
    } else {
      const plain = line.replaceAll(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '');
      if (/<\w|\]\(|!\[/.test(plain)) found.push(plain.slice(0, 120));
    }
  }
  return found;
}

async function look(page, base, seen, what, place, act) {
  await page.goto('about:blank');
  const from = Date.now();
  await open(page, base, place);
  await act?.();
  const took = Date.now() - from;
  await picture(page, what.slice(0, 40));
  await inert(page, seen, what);
  await fits(page, what);
  assert.ok(took < pageMsMax, `${what} took ${took} ms`);
  return took;
}

export const hostile = {
  'hostile targets and people are text everywhere': async (page) => {
    await during(target(exposition), async ({ address }) =>
      during(hydrophone(configuration(address)), async ({ base }) => {
        const all = 'aggregates?start=now-1h&limit=100';
        const count = Object.keys(kinds).length;
        await until('all of them are there', async () => {
          const { aggregates } = await api(page, base, all);
          return aggregates.length >= count - 1 || aggregates.length;
        });
        const { aggregates } = await api(page, base, all);
        await scrawl(page, base, aggregates);
        const seen = await watched(page, base);
        const times = [];
        for (const [width, height] of [
          [390, 844],
          [1440, 900],
        ]) {
          const wide = width > 390;
          await page.setViewportSize({ width, height });
          const visit = async (what, place, act) =>
            times.push([await look(page, base, seen, `${what} at ${width} px`, place, act), what]);
          const hover = async () => {
            const box = await plot(page).boundingBox();
            for (let x = 0.99; x > 0.9; x -= 0.01) {
              await page.mouse.move(box.x + box.width * x, box.y + box.height - 4);
              if (/[1-9]/.test(await page.getByTestId('tooltip').innerText())) break;
            }
          };
          await visit('the overview', '#/');
          for (const by of wide
            ? ['target.version']
            : ['aggregate', 'service', 'target.zone', 'target.version', 'label.team', 'assignee'])
            await visit(`the list by ${by}`, `#/errors?from=now-5m&by=${by}`, by === 'assignee' ? undefined : hover);
          await visit('the filters', '#/errors', () =>
            page.getByRole('button', { name: 'Filter', exact: true }).click(),
          );
          await visit('a query that is wrong', `#/errors?q=${encodeURIComponent(`${markup}${bidi}"`)}`);
          for (const error of wide ? aggregates.slice(0, 4) : aggregates)
            await visit(`the error ${error.class.slice(0, 20)}`, `${errorPlace(error)}?from=now-1h`, async () => {
              assert.equal(hash(page), decodeURIComponent(`${errorPlace(error)}?from=now-1h`));
              await page.getByRole('article', { name: 'Sample' }).waitFor();
              if (!wide) await copied(page, error.class.slice(0, 40));
            });
          await visit('an error that is not there', errorPlace({ service, aggregation_key: `${markup}${bidi}` }));
          await visit('the search', '#/search?from=now-1h');
          await visit('an opened sample', '#/search?from=now-1h&q=recursion', async () => {
            await rows(page).first().click();
            await page.getByRole('article', { name: 'Sample' }).waitFor();
          });
          await visit('the targets', '#/targets');
          await visit('the status', '#/status');
          await visit('the activity', '#/activity');
          await visit('the report', '#/reports?label=team');
        }
        await takenAlong(page, base);
        const slowest = times.toSorted((a, b) => b[0] - a[0]).slice(0, 3);
        if (process.env.VERBOSE) console.log(slowest);
      }),
    );
  },
};

// What is asked for on purpose is not there.
Object.assign(hostile['hostile targets and people are text everywhere'], { refuses: true, own: true });
