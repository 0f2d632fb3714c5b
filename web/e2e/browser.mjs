// The browser that journeys and pictures are made with.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const browsers = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

export async function launch() {
  const executablePath = browsers.find((path) => path && existsSync(path));
  if (!executablePath) {
    console.error(`no browser: looked for ${browsers.filter(Boolean).join(', ')}`);
    process.exit(2);
  }
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      // A name that is not this machine's own by itself, as most servers have.
      '--host-resolver-rules=MAP hydrophone.test 127.0.0.1',
    ],
  });
}
