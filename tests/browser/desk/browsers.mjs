// Chromium and Firefox as they are installed, each with an empty profile, nothing bypassed.
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { remove } from './folders.mjs';

const INSTALLED = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
};

/** KEYFERRY_BROWSERS=chromium runs one of the two. */
export const BROWSERS = (process.env.KEYFERRY_BROWSERS ?? 'chromium,firefox').split(',');

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-prefers-reduced-motion',
];

/** Starts a browser; `downloads` is where its files go, `close()` ends it and removes both folders. */
export async function launch(name, { args = [], preferences: more = {} } = {}) {
  const executablePath = INSTALLED[name].find((path) => existsSync(path));
  if (!executablePath) throw new Error(`${name} is not installed`);
  const userDataDir = mkdtempSync(join(tmpdir(), `keyferry-${name}-`));
  const downloads = mkdtempSync(join(tmpdir(), 'keyferry-downloads-'));
  const common = { executablePath, userDataDir, headless: true };
  const browser =
    name === 'firefox'
      ? await puppeteer.launch({
          ...common,
          browser: 'firefox',
          extraPrefsFirefox: { ...preferences(downloads), ...more },
        })
      : await puppeteer.launch({
          ...common,
          args: [...QUIET, ...args],
          downloadBehavior: { policy: 'allow', downloadPath: downloads },
        });
  const close = async () => {
    await browser.close();
    for (const folder of [userDataDir, downloads]) remove(folder);
  };
  return { name, browser, downloads, close };
}

function preferences(folder) {
  return {
    'ui.prefersReducedMotion': 1,
    'browser.download.folderList': 2,
    'browser.download.dir': folder,
    'browser.download.useDownloadDir': true,
    'browser.download.always_ask_before_handling_new_types': false,
    'browser.helperApps.neverAsk.saveToDisk': 'application/octet-stream',
    'browser.download.alwaysOpenPanel': false,
  };
}
