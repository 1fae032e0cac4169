import { launch } from '../browser/desk/browsers.mjs';
import { dropAndMeasure, kekDocument } from './kek-drop.mjs';
import { median, rounded } from './median.mjs';
import { serve } from './serve.mjs';

const DROPS = 40;
const LIMIT_MS = 50;

/** From the drop of a KEK's file on the page to its verdict on the screen. */
export async function verdictTime(binary, state, browser) {
  const bridge = await serve(binary, state);
  await bridge.unlock();
  const launched = await launch(browser);
  try {
    const page = await launched.browser.newPage();
    await page.goto(bridge.url, { waitUntil: 'load' });
    await page.locator('main button.button-primary').click();
    await page.locator('kf-drop .drop').wait();
    const kek = kekDocument();
    const times = [];
    for (let drop = 0; drop < DROPS; drop += 1) times.push(await page.evaluate(dropAndMeasure, kek));
    return [
      {
        what: `KEK verdict, ${browser}`,
        value: rounded(median(times)),
        unit: 'ms',
        limit: LIMIT_MS,
        how: `the page's own measure from the drop of a 4096-bit KEK to its verdict rendered, median of ${DROPS}`,
      },
      {
        what: `KEK verdict, ${browser}, first`,
        value: rounded(times[0]),
        unit: 'ms',
        limit: LIMIT_MS,
        how: 'the same, the first drop after the page was loaded',
      },
    ];
  } finally {
    await launched.close();
    await bridge.stop();
  }
}
