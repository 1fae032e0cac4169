// The browsers of the page's own test suite, by its own driver.
import { createRequire } from 'node:module';

const puppeteer = createRequire(new URL('../browser/package.json', import.meta.url))('puppeteer-core');

const BROWSERS = {
  chrome: {
    browser: 'chrome',
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-quic',
      '--disable-sync',
      '--no-first-run',
      // Chromium's sandbox refuses to run for root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  },
  firefox: {
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
  },
};

/** A headless browser. */
export function browse(name) {
  return puppeteer.launch({ ...BROWSERS[name], headless: true });
}
