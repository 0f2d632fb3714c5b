// Servers of a journey's own: the binary that HYDROPHONE names, on a port that is free, in a directory that goes with it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const startMsMax = 60_000;

/** Ends what `use` was given, however it goes. */
export async function during(started, use) {
  const one = await started;
  try {
    return await use(one);
  } finally {
    await one.stop();
  }
}

/** A server with this configuration. `base` is where its pages are, `restart` ends it and starts it again at the same place. */
export async function hydrophone(yaml, flags = []) {
  const directory = await mkdtemp(join(tmpdir(), 'hydrophone-e2e-'));
  const file = join(directory, 'hydrophone.yaml');
  await writeFile(file, yaml);
  let child;
  let log = '';
  const start = async (listen) => {
    const own = [
      `--config.file=${file}`,
      `--storage.path=${join(directory, 'data')}`,
      `--web.listen-address=${listen}`,
    ];
    child = spawn(process.env.HYDROPHONE, [...own, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((_, fail) => {
      child.once('error', fail);
      child.once('exit', (code) => fail(new Error(`the server ended with ${code}: ${log}`)));
    });
    ended.catch(() => {});
    const listening = new Promise((done) => {
      child.stderr.setEncoding('utf8').on('data', (text) => {
        log += text;
        const address = /listening address=(\S+)/.exec(log)?.[1];
        if (address) done(address);
      });
    });
    const address = await Promise.race([listening, ended, late()]);
    // What a proxy would do with `--web.external-url` is not the journey's business here.
    return address;
  };
  const end = async () => {
    const gone = new Promise((done) => {
      child.once('exit', done);
    });
    if (child.exitCode === null && child.signalCode === null) {
      child.kill();
      await gone;
    }
  };
  const address = await start('127.0.0.1:0');
  const base = `http://${address}/`;
  return {
    base,
    file,
    end,
    again: async () => {
      log = '';
      await start(address);
    },
    log: () => log,
    reload: async (changed) => {
      await writeFile(file, changed);
      child.kill('SIGHUP');
    },
    stop: async () => {
      await end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function late() {
  return new Promise((_, fail) => {
    setTimeout(() => fail(new Error('the server did not start in time')), startMsMax).unref();
  });
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
