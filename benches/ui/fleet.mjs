// A fleet as large as the pages are to bear: 10 services, 200 targets, 10,000 errors with a week behind them, and new ones all the time.
//
//     node benches/ui/fleet.mjs history > history.jsonl     a week for `hydrophone import deltas`
//     node benches/ui/fleet.mjs serve DIRECTORY [PORT]      writes DIRECTORY/fleet.yaml and answers its scrapes
//
// Everything is drawn from one seed. Errors are quiet for nine tenths of the time and in a burst for the last tenth.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const services = 10;
const targetsEach = 20;
const errorsEach = 1000;
const days = 7;
const stepSeconds = 300;

const classes = [
  ['java.net.SocketTimeoutException', 'Read timed out after 3000 ms while waiting for inventory-{n}.internal:8443'],
  ['com.example.checkout.PaymentDeclined', 'card issuer answered 05 for order {n}: do not honour'],
  [
    'requests.exceptions.ConnectionError',
    "HTTPSConnectionPool(host='rates-{n}', port=443): Max retries exceeded with url: /v2/rates?base=EUR",
  ],
  ['TypeError', "Cannot read properties of undefined (reading 'items{n}')"],
  ['*errors.errorString', 'ledger {n}: context deadline exceeded'],
  ['ActiveRecord::RecordNotFound', "Couldn't find Cart with 'id'={n}"],
  ['scala.MatchError', 'Some(Shipment({n},None)) (of class scala.Some)'],
  [
    'org.postgresql.util.PSQLException',
    'ERROR: deadlock detected\n  Detail: Process {n} waits for ShareLock on transaction 81{n}; blocked by process 7{n}.',
  ],
];
const severities = ['error', 'error', 'error', 'warning', 'info'];

/** SplitMix32: the same numbers everywhere. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

const serviceName = (service) => `svc-${String(service).padStart(2, '0')}`;
const address = (service, target, port) => `127.0.${service + 1}.${target + 1}:${port}`;

function errorOf(service, error) {
  const n = service * errorsEach + error;
  const [name, message] = classes[n % classes.length];
  return {
    key: `${name}@${((n * 2654435761) % 2 ** 32).toString(16)}`,
    name,
    message: message.replaceAll('{n}', String(n)),
    severity: severities[n % severities.length],
    target: error % targetsEach,
  };
}

function* everyError() {
  for (let service = 0; service < services; service += 1)
    for (let error = 0; error < errorsEach; error += 1) yield { service, error, ...errorOf(service, error) };
}

function history(end, port) {
  console.log(JSON.stringify({ kind: 'header', format: 'hydrophone deltas', version: 1 }));
  const steps = (days * 86_400) / stepSeconds;
  for (const { service, error, key, severity, target } of everyError()) {
    const draw = random(service * errorsEach + error);
    const points = [];
    let burst = false;
    for (let step = 1; step <= steps; step += 1) {
      if (draw() < (burst ? 0.1 : 0.011)) burst = !burst;
      if (burst && draw() < 0.5) points.push([end - (steps - step) * stepSeconds, Math.ceil(1 / (draw() + 0.02))]);
    }
    // Each happened in the last hour, so that the shortest ranges list many.
    points.push([end - (error % 12) * stepSeconds, 1]);
    const last = new Map(points);
    const sorted = [...last].sort(([a], [b]) => a - b);
    const labels = { instance: address(service, target, port) };
    console.log(JSON.stringify({ service: serviceName(service), key, severity, labels, points: sorted }));
  }
}

function serve(directory, port) {
  const jobs = Array.from({ length: services }, (_, service) => {
    const targets = Array.from({ length: targetsEach }, (_, target) => `"${address(service, target, port)}"`);
    return `- name: ${serviceName(service)}\n  static_configs:\n  - targets: [${targets.join(', ')}]\n`;
  });
  writeFileSync(
    join(directory, 'fleet.yaml'),
    `global:\n  scrape_interval: 5s\n  scrape_timeout: 4s\nservices:\n${jobs.join('')}`,
  );
  const byAddress = new Map();
  for (const one of everyError()) {
    const at = address(one.service, one.target, port);
    const list = byAddress.get(at) ?? [];
    list.push({ ...one, total: 1, at: Date.now() });
    byAddress.set(at, list);
  }
  const draw = random(7);
  createServer((request, response) => {
    const list = byAddress.get(request.headers.host) ?? [];
    for (const one of list) {
      if (draw() < 0.05) {
        one.total += Math.ceil(1 / (draw() + 0.05));
        one.at = Date.now();
      }
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ target_uuid: request.headers.host, aggregated_errors: list.map(exposed) }));
  }).listen(port, '0.0.0.0', () => console.log(`${byAddress.size} targets on port ${port}`));
}

function exposed({ key, name, message, severity, total, at }) {
  const sample = {
    uuid: `${key}-${total}`,
    timestamp: new Date(at).toISOString(),
    severity,
    error: { class: name, message, stacktrace: [`at com.example.Main.run(Main.java:${total % 90})`], cause: null },
    http_context: null,
  };
  return { aggregation_key: key, total_count: total, severity, latest_errors: [sample] };
}

const [what, directory, port = '4780'] = process.argv.slice(2);
if (what === 'history') history(Math.floor(Date.now() / 1000 / stepSeconds) * stepSeconds, 4780);
else if (what === 'serve' && directory) serve(directory, Number(port));
else {
  console.error('usage: fleet.mjs history | serve DIRECTORY [PORT]');
  process.exit(2);
}
