import { expect, test } from 'vitest';
import { parts, pieces } from './stack';

const shape = (lines: string[], more?: string[]) =>
  parts(lines, more).map(({ library, frames }) => `${library ? 'library' : 'own'} ${frames}`);

test('frames of libraries are told from one’s own, in each language', () => {
  const own = 'app/models/basket.rb:191:in `total';
  const gem = '/usr/local/bundle/gems/rack-3.1.7/lib/rack/etag.rb:29:in `call';
  expect(shape([own, gem, gem, own])).toEqual(['own 1', 'library 2', 'own 1']);
  expect(
    shape([
      'Traceback (most recent call last):',
      '  File "/usr/local/lib/python3.12/site-packages/flask/app.py", line 880, in full_dispatch_request',
      '    rv = self.dispatch_request()',
      '  File "/usr/local/lib/python3.12/site-packages/flask/app.py", line 881, in x',
      '  File "/srv/pricing/api/quotes.py", line 201, in create_quote',
    ]),
  ).toEqual(['own 1', 'library 2', 'own 1']);
  expect(
    shape([
      '/src/ledger/internal/store/postingstore.go:165',
      '\t(*PostingStore).Insert: if err != nil {',
      '/go/pkg/mod/github.com/go-chi/chi/v5@v5.1.0/mux.go:459',
      '\t(*Mux).routeHTTP: h.ServeHTTP(w, r)',
      '/usr/local/go/src/net/http/server.go:2220',
    ]),
  ).toEqual(['own 1', 'library 2']);
  expect(
    shape([
      'com.acme.search.rank.Ranker.rescore(Ranker.scala:274)',
      '\tat akka.http.scaladsl.server.Directives.$anonfun$onComplete$1(FutureDirectives.scala:37)',
      '\tat java.base/java.lang.Thread.run(Thread.java:840)',
    ]),
  ).toEqual(['own 1', 'library 2']);
  expect(
    shape([
      '    at pay (/srv/app/cart.js:3:1)',
      '    at x (/srv/app/node_modules/express/lib/a.js:1:2)',
      '    at node:internal/x:1',
    ]),
  ).toEqual(['own 1', 'library 2']);
});

test('a single frame is not folded, and nothing is where there is nothing else', () => {
  const [own, gem] = ['app/a.rb:1', '/usr/lib/ruby/b.rb:2'];
  expect(shape([own, gem, own])).toEqual(['own 1', 'own 1', 'own 1']);
  expect(shape([gem, gem])).toEqual(['own 2']);
  expect(shape([])).toEqual([]);
});

test('somebody’s own pieces are libraries too', () => {
  expect(pieces(' com.acme.http., /opt/vendor/\n')).toEqual(['com.acme.http.', '/opt/vendor/']);
  expect(
    shape(['com.acme.A.b(A.scala:1)', 'com.acme.http.C(C.scala:1)', 'com.acme.http.D(C.scala:1)'], ['com.acme.http.']),
  ).toEqual(['own 1', 'library 2']);
});
