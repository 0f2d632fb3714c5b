// A made-up fleet for looking at the pages without a server: believable, the same at every start, of no use for anything else.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A number from 0 to 1 that depends only on the arguments. */
export function noise(...parts) {
  let h = 2166136261;
  for (const c of parts.join('|')) h = Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 2246822507) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 3266489909) >>> 0;
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

const names = [
  'accounts',
  'billing',
  'catalogue',
  'checkout',
  'delivery',
  'gateway',
  'inventory',
  'mailer',
  'payments',
  'recommendations',
  'search',
  'web-frontend',
];

const kinds = [
  ['java.net.SocketTimeoutException', 'Read timed out after 2000 ms calling inventory-7.prod:8443', 'error'],
  [
    'psycopg2.errors.DeadlockDetected',
    'deadlock detected\nDETAIL:  Process 4711 waits for ShareLock on transaction 99812; blocked by process 4712.',
    'error',
  ],
  ['ActiveRecord::RecordNotFound', "Couldn't find Order with 'id'=918273", 'warning'],
  ['*errors.errorString', 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 'error'],
  ['TypeError', "Cannot read properties of undefined (reading 'price')", 'error'],
  ['com.acme.payment.CardDeclined', 'insufficient_funds: the issuer declined the charge', 'info'],
  ['KeyError', "'customer_id'", 'warning'],
  ['java.lang.OutOfMemoryError', 'GC overhead limit exceeded', 'error'],
  [
    'io.grpc.StatusRuntimeException',
    'UNAVAILABLE: upstream connect error or disconnect/reset before headers. reset reason: connection failure',
    'error',
  ],
  ['ValidationError', 'postal code does not match ^[0-9]{5}$', 'info'],
];

const odd = [
  ['Ошибка', 'Не удалось подключиться к базе данных', 'error'],
  ['ShapeError', `<img src=x onerror="alert(1)"><script>alert(2)</script> ${'very long '.repeat(90)}`, 'error'],
  ['حدث خطأ', 'فشل الاتصال بقاعدة البيانات بعد 3 محاولات \u202e gnp.exe', 'warning'],
  [
    'ControlCharacters',
    'before \u0000\u0007\u001b[31mred\u001b[0m\r\n after \u{1f469}\u200d\u{1f680} \ud800 end',
    'error',
  ],
  ['averyveryveryveryveryveryverylongclassnamewithoutanybreak.'.repeat(5), 'x'.repeat(400), 'error'],
];

export function fleet({ services = names.length, extra = true, many = 0 } = {}) {
  const aggregates = [];
  const add = (service, [cls, message, severity], n) => {
    const id = aggregates.length + 1;
    const scale = 10 ** (noise('scale', service, n) * 2.6 - 1.5);
    const roll = noise('state', service, n);
    aggregates.push({
      id,
      service,
      aggregation_key: `${cls}@${(noise('key', id) * 2 ** 32).toString(16).slice(0, 8)}`,
      class: cls,
      message,
      severity,
      state: roll > 0.94 ? 'muted' : roll > 0.88 ? 'resolved' : 'open',
      regressed: roll < 0.06,
      age: roll < 0.14 ? noise('age', id) * 20 * hour : (3 + noise('age', id) * 60) * day,
      perMinute: scale,
      shape: Math.floor(noise('shape', service, n) * 6),
      labels: noise('team', service) > 0.5 ? { team: service === 'payments' ? 'payments' : 'core' } : {},
    });
  };
  const chosen = names.slice(0, services);
  for (const service of chosen) {
    for (const [n, kind] of kinds.entries()) if (noise('has', service, n) > 0.35) add(service, kind, n);
  }
  if (extra) for (const [n, kind] of odd.entries()) add('web-frontend', kind, 20 + n);
  for (let n = 0; n < many; n++)
    add(
      chosen[n % chosen.length],
      [`Generated${n}Error`, `message number ${n}`, ['error', 'warning', 'info'][n % 3]],
      100 + n,
    );
  return { services: chosen, aggregates, targets: chosen.flatMap((service) => targetsOf(service)) };
}

function targetsOf(service) {
  const number = 2 + Math.floor(noise('targets', service) * 4);
  return Array.from({ length: number }, (_, n) => ({
    service,
    labels: {
      instance: `10.1.${service.length}.${n + 10}:8080`,
      job: service,
      version: n % 3 === 0 ? '2.14.1' : '2.14.0',
      zone: ['a', 'b', 'c'][n % 3],
    },
    down: service === 'delivery' && n === 1,
    unknown: service === 'mailer' && n === 0,
  }));
}

/** Errors per minute at a moment: a daily wave, and a story for each shape. */
function rate(aggregate, t, moment) {
  const now = moment - (moment % hour);
  if (t < now - aggregate.age) return 0;
  const wave = 0.55 + 0.45 * Math.sin(((t % day) / day) * 2 * Math.PI - 1.6);
  const base = aggregate.perMinute * wave;
  switch (aggregate.shape) {
    case 0:
      return base * (Math.abs(t - (now - 5 * hour)) < 25 * minute ? 14 : 0.4);
    case 1:
      return base * (1 + 5 * Math.max(0, 1 - (now - t) / (9 * hour)));
    case 2:
      return t > now - 3 * hour ? base * 4 : base * 0.05;
    case 3:
      return noise('burst', aggregate.id, Math.floor(t / (40 * minute))) > 0.9 ? base * 6 : 0;
    default:
      return base;
  }
}

/** What was not watched: a night without the server, one dead target throughout. */
export function watchedAt(t, moment, scenario) {
  const now = moment - (moment % hour);
  if (scenario === 'unwatched') return 0;
  const night = t > now - 15.4 * hour && t < now - 13.1 * hour;
  const partial = t > now - 2.2 * hour && t < now - 1.9 * hour;
  return night ? 0 : partial ? 0.45 : 0.975;
}

export function countsOf(aggregate, buckets, now, scenario) {
  return buckets.times.map((t) => {
    if (scenario === 'quiet' || scenario === 'unwatched') return { count: 0, estimated: 0 };
    const length = Math.max(0, Math.min(buckets.step, now - t));
    const mean = (rate(aggregate, t + length / 2, now) * length) / minute;
    const jitter = 0.6 + 0.8 * noise(aggregate.id, t, buckets.step);
    const count = mean < 3 ? Number(noise('few', aggregate.id, t) < mean) : Math.round(mean * jitter);
    const gap = watchedAt(t + length / 2, now, scenario) === 0;
    return gap ? { count: Math.round(count * 0.7), estimated: Math.round(count * 0.7) } : { count, estimated: 0 };
  });
}

const stacks = [
  [
    'Traceback (most recent call last):',
    '  File "/app/checkout/views.py", line 118, in submit\n    order = cart.place(request.user)',
    '  File "/app/checkout/cart.py", line 42, in place\n    return self.inventory.reserve(self.items, timeout=2)',
    '  File "/usr/lib/python3.12/site-packages/requests/sessions.py", line 589, in request\n    resp = self.send(prep, **send_kwargs)',
  ],
  [
    'at com.acme.checkout.CartService.place(CartService.java:87)',
    'at com.acme.checkout.CartController.submit(CartController.java:41)',
    'at java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)',
    'at org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:255)',
  ],
  [
    "app/models/order.rb:118:in `find_by_token!'",
    "app/controllers/orders_controller.rb:12:in `show'",
    "/usr/local/bundle/gems/actionpack-7.1.2/lib/action_controller/metal/basic_implicit_render.rb:6:in `send_action'",
  ],
  [
    'goroutine 812 [running]:',
    'main.(*Server).handle(0xc0001a2000, {0x7f21, 0x12})',
    '\t/src/gateway/server.go:214 +0x1d3',
    'net/http.HandlerFunc.ServeHTTP(...)',
    '\t/usr/local/go/src/net/http/server.go:2136',
  ],
];

export function samplesOf(aggregate, fleetTargets, now, number) {
  const own = fleetTargets.filter((target) => target.service === aggregate.service);
  return Array.from({ length: number }, (_, n) => ({
    id: String(aggregate.id * 1000 + number - n),
    uuid: `6f1c${String(aggregate.id).padStart(4, '0')}-51de-4f0e-9e1b-${String(number - n).padStart(12, '0')}`,
    timestamp: new Date(now - n * 7.3 * minute - 40_000).toISOString(),
    severity: aggregate.severity,
    class: aggregate.class,
    message: aggregate.message,
    stacktrace: n % 7 === 6 ? null : stacks[aggregate.id % stacks.length],
    causes:
      n % 2 === 0
        ? [{ class: 'java.io.IOException', message: 'Connection reset by peer', stacktrace: stacks[1].slice(0, 2) }]
        : [],
    http:
      n % 3 === 2
        ? null
        : {
            method: 'POST',
            url: 'https://shop.example.com/api/checkout?session=9f8e7d',
            headers: {
              'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
              'X-Request-Id': '0f3b9c',
              Accept: 'application/json',
            },
            body: n % 2 === 0 ? '{"items":[{"sku":"A-17","quantity":2}],"customer":null}' : null,
          },
    target: own[n % own.length]?.labels ?? {},
  }));
}
