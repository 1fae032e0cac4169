// Every screen: no fault that axe can find, nothing wider than the window, and a picture of each look.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);
const pictures = fileURLToPath(new URL('../screens/', import.meta.url));
mkdirSync(pictures, { recursive: true });

const LOOKS = ['light', 'dark'];
const WIDTHS = [
  [1280, 860],
  [390, 844],
  [360, 640],
];

/** Checks the screen that is shown. The pictures are of the name, the width and the look. */
export async function checkScreen(visitor, name) {
  const { page, launched } = visitor;
  // Through the debugger, as a person's own console would: no script element, no policy set aside.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  for (const [width, height] of WIDTHS) {
    await page.setViewport({ width, height });
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(beyond <= 0, `${name} is ${beyond} px too wide at ${width} px`);
    if (width === 360) continue;
    for (const look of LOOKS) {
      await page.evaluate((choice) => {
        document.documentElement.dataset.theme = choice;
      }, look);
      if (width === 1280 || look === 'light') await examine(page, `${name}, ${width} px, ${look}`);
      // Firefox is pictured by halves: it draws the same, and slowly.
      if (launched.name === 'firefox' && (width === 1280) !== (look === 'light')) continue;
      await page.screenshot({
        path: join(pictures, `${launched.name}-${name}-${width}-${look}.png`),
        fullPage: true,
      });
    }
  }
  await page.evaluate(() => {
    delete document.documentElement.dataset.theme;
  });
  await page.setViewport({ width: 1280, height: 860 });
}

async function examine(page, where) {
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(
      (violation) =>
        `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 160)).join(' ')}`,
    );
  });
  assert.deepEqual(found, [], where);
}
