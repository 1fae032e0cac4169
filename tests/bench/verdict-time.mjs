import { generateKeyPairSync } from 'node:crypto';
import { launch } from '../browser/desk/browsers.mjs';
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

/** What `az keyvault key show -o json` prints, of a fresh KEK. */
function kekDocument() {
  const { n, e } = generateKeyPairSync('rsa', { modulusLength: 4096 }).publicKey.export({ format: 'jwk' });
  const standard = (text) => Buffer.from(text, 'base64url').toString('base64');
  return JSON.stringify({
    attributes: { enabled: true },
    key: {
      kid: `https://keyferry-bench.vault.azure.net/keys/kek/${'0'.repeat(32)}`,
      kty: 'RSA-HSM',
      keyOps: ['import'],
      n: standard(n),
      e: standard(e),
    },
  });
}

/** Runs in the page: drops a file and waits for the measure that the page takes. */
async function dropAndMeasure(text) {
  const until = async (what, look) => {
    const deadline = performance.now() + 5000;
    for (;;) {
      const found = look();
      if (found) return found;
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  performance.clearMeasures('kek-verdict');
  [...document.querySelectorAll('button')].find(({ textContent }) => textContent.startsWith('Take another'))?.click();
  // An admitted KEK's screen has a place for its attestation, which is another.
  const zone = await until('the place to drop on', () =>
    [...document.querySelectorAll('kf-drop .drop')].find(({ textContent }) => textContent.includes("KEK's file")),
  );
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], 'kek.json', { type: 'application/json' }));
  zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  const { duration } = await until('the verdict', () => performance.getEntriesByName('kek-verdict')[0]);
  if (!document.querySelector('[data-admitted=true]')) throw new Error('the KEK was not admitted');
  return duration;
}
