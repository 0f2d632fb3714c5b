// Servers of a journey's own: the binary that HYDROPHONE names, on a port that is free, in a directory that goes with it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The demo lays down a month, which takes a debug build half a minute where others work, too. */
const startMsMax = 300_000;

/** Ends what `use` was given, however it goes. */
export async function during(started, use) {
  const one = await started;
  try {
    return await use(one);
  } finally {
    await one.stop();
  }
}

/** The demo fleet with its month of history, laid down when this resolves. */
export async function demo() {
  const directory = await mkdtemp(join(tmpdir(), 'hydrophone-e2e-'));
  const child = launched(['demo', `--storage.path=${directory}/data`, '--web.listen-address=127.0.0.1:0']);
  const stop = () => gone(child).then(() => rm(directory, { recursive: true, force: true }));
  try {
    return { base: `http://${await child.address}/`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A server with this configuration. `base` is where its pages are, `reload` gives it another one. */
export async function hydrophone(yaml, flags = []) {
  const directory = await mkdtemp(join(tmpdir(), 'hydrophone-e2e-'));
  const file = join(directory, 'hydrophone.yaml');
  await writeFile(file, yaml);
  const own = [`--config.file=${file}`, `--storage.path=${join(directory, 'data')}`];
  const start = (listen) => launched([...own, `--web.listen-address=${listen}`, ...flags]);
  let child = start('127.0.0.1:0');
  const stop = () => gone(child).then(() => rm(directory, { recursive: true, force: true }));
  try {
    const address = await child.address;
    return {
      base: `http://${address}/`,
      reload: async (changed) => {
        await writeFile(file, changed);
        child.running.kill('SIGHUP');
      },
      end: () => gone(child),
      /** At the same address with the same data, after `end`. */
      again: async () => {
        child = start(address);
        await child.address;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A process of the binary, and the address it says it listens at. */
function launched(args) {
  let log = '';
  const running = spawn(process.env.HYDROPHONE, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((done) => {
    running.once('exit', done);
    running.once('error', done);
  });
  const address = new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`it did not start in time: ${log}`)), startMsMax);
    void exited.then((code) => fail(new Error(`it ended with ${code}: ${log}`)));
    running.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-20_000);
      const said = /listening.* address=(\S+)/.exec(log)?.[1];
      if (!said) return;
      clearTimeout(late);
      done(said);
    });
  });
  // Who waits for it hears of it.
  address.catch(() => {});
  return { running, exited, address };
}

async function gone({ running, exited }) {
  if (running.exitCode === null && running.signalCode === null) running.kill();
  await exited;
}

/** Something that answers HTTP as `handle` does. `address` is `127.0.0.1:PORT`. */
export async function answering(handle) {
  const server = createServer(handle);
  await new Promise((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return {
    address: `127.0.0.1:${server.address().port}`,
    stop: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

/** A target that exposes what `exposition` answers. */
export function target(exposition) {
  return answering((_, response) => {
    try {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(exposition()));
    } catch (error) {
      response.statusCode = 503;
      response.end(error.message);
    }
  });
}

/** A proxy that takes `prefix` off what it hands on. */
export function stripping(prefix, base) {
  const { hostname, port } = new URL(base);
  return answering((asked, response) => {
    if (asked.url === prefix) {
      response.writeHead(301, { location: `${prefix}/` });
      return response.end();
    }
    if (!asked.url.startsWith(`${prefix}/`)) {
      response.statusCode = 404;
      return response.end('not below the prefix\n');
    }
    const path = asked.url.slice(prefix.length);
    const handed = request({ hostname, port, path, method: asked.method, headers: asked.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    handed.on('error', () => response.destroy());
    asked.pipe(handed);
  });
}
