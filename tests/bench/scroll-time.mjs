import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launch } from '../browser/desk/browsers.mjs';
import { dropAndMeasure, kekDocument } from './kek-drop.mjs';
import { median, rounded } from './median.mjs';
import { serve } from './serve.mjs';

const KEYS = 10_000;
const STEPS = 300;
/** Two frames of a screen that draws sixty a second. */
const LIMIT_MS = 33;

/** How the list of a full token scrolls in the page, and how long it takes to stand there. */
export async function scrollTime(binary, beside, browser) {
  const lender = spawn(join(beside, 'bench'), ['lend', 'P-256', String(KEYS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(lender, 'exit');
  const [state] = await once(createInterface({ input: lender.stdout }), 'line');
  // A place to ask at, without which the bridge starts locked.
  await writeFile(join(state, 'config.toml'), 'pinentry = "/usr/bin/true"\n');
  const bridge = await serve(binary, state);
  const launched = await launch(browser);
  try {
    await bridge.unlock();
    const page = await launched.browser.newPage();
    await page.setViewport({ width: 1280, height: 860 });
    page.setDefaultTimeout(120_000);
    await page.goto(bridge.url, { waitUntil: 'load' });
    await page.locator('main button.button-primary').click();
    await page.locator('kf-drop .drop').wait();
    await page.evaluate(dropAndMeasure, kekDocument());
    const many = await page.evaluate(showAndMeasure, 'Many keys', 'kf-rows .row');

    const wheel = await frames(page, async () => {
      const place = await (await page.$('.rows')).boundingBox();
      await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
      for (let step = 0; step < STEPS; step += 1) await page.mouse.wheel({ deltaY: 400 });
    });
    const keys = await frames(page, async () => {
      await page.focus('.rows');
      // Down from the top, then up from the end.
      await page.keyboard.press('Home');
      for (let step = 0; step < STEPS / 2; step += 1) await page.keyboard.press('PageDown');
      await page.keyboard.press('End');
      for (let step = 0; step < STEPS / 2; step += 1) await page.keyboard.press('PageUp');
    });
    const walk = await frames(page, async () => {
      await page.keyboard.press('Home');
      for (let step = 0; step < STEPS; step += 1) await page.keyboard.press('ArrowDown');
    });

    const one = await page.evaluate(showAndMeasure, 'Transfer', 'label.key');
    return [
      ...smooth(browser, 'wheel', wheel),
      ...smooth(browser, 'pages by keyboard', keys),
      ...smooth(browser, 'rows by keyboard', walk),
      shown(browser, 'many keys', many),
      shown(browser, 'one key', one),
    ];
  } finally {
    await launched.close();
    await bridge.stop();
    lender.stdin.end();
    await gone;
  }
}

function smooth(browser, how, { times, moved }) {
  if (moved === 0) throw new Error(`the list did not move by ${how}`);
  const sorted = [...times].sort((a, b) => a - b);
  const late = times.filter((time) => time > LIMIT_MS).length;
  const what = `list of ${KEYS} keys, ${browser}, ${how}`;
  const seen = `${times.length} frames while ${STEPS} steps move the list by ${moved} rows`;
  return [
    {
      what: `${what}, frame`,
      value: rounded(sorted[Math.ceil(sorted.length * 0.95) - 1]),
      unit: 'ms',
      limit: LIMIT_MS,
      how: `95th percentile of ${seen}; median ${rounded(median(times))} ms, longest ${rounded(sorted.at(-1))} ms`,
    },
    {
      what: `${what}, late frames`,
      value: rounded((late * 100) / times.length),
      unit: '%',
      limit: null,
      how: `frames above ${LIMIT_MS} ms`,
    },
  ];
}

function shown(browser, screen, value) {
  return {
    what: `list of ${KEYS} keys, ${browser}, ${screen}, shown`,
    value: rounded(value),
    unit: 'ms',
    limit: null,
    how: "from the last byte of the bridge's answer to the frame after the list was drawn",
  };
}

/** The times of the frames while something is done, in the page's own clock, and by how many rows the list moved. */
async function frames(page, work) {
  await page.evaluate(() => {
    const box = document.querySelector('.rows');
    const noted = { times: [], moved: 0, top: box.scrollTop, last: performance.now(), on: true };
    globalThis.noted = noted;
    const frame = (now) => {
      noted.times.push(now - noted.last);
      noted.moved += Math.abs(box.scrollTop - noted.top);
      noted.last = now;
      noted.top = box.scrollTop;
      if (noted.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await work();
  return page.evaluate(() => {
    const { noted } = globalThis;
    noted.on = false;
    // The first one began before the recording.
    return { times: noted.times.slice(1), moved: Math.round(noted.moved / 56) };
  });
}

/** Runs in the page: goes to a view whose list is not there yet, and waits until it is drawn. */
async function showAndMeasure(view, row) {
  const { flow } = document.querySelector('kf-app');
  performance.clearResourceTimings();
  flow.keys = null;
  [...document.querySelectorAll('.view')].find(({ textContent }) => textContent === view).click();
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  while (!document.querySelector(row)) await frame();
  await frame();
  const drawn = performance.now();
  const [answer] = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/v1/keys'));
  if (!answer) throw new Error('the keys were not asked for');
  return drawn - answer.responseEnd;
}
