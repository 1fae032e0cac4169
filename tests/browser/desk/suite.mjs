// One suite, once for each browser.
import { after, before, describe } from 'node:test';
import { BROWSERS, launch } from './browsers.mjs';

/** `define` gets the launched browser, which is there once the tests run; `options` are the browser's own. */
export function inEachBrowser(title, define, options = {}) {
  for (const name of BROWSERS) {
    describe(`${title}, ${name}`, () => {
      const launched = {};
      before(async () => {
        Object.assign(launched, await launch(name, options));
      });
      after(() => launched.close?.());
      define(launched);
    });
  }
}
