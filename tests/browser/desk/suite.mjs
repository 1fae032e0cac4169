// One suite, once for each browser.
import { after, before, describe } from 'node:test';
import { BROWSERS, launch } from './browsers.mjs';

/** `define` gets the launched browser, which is there once the tests run. */
export function inEachBrowser(title, define) {
  for (const name of BROWSERS) {
    describe(`${title}, ${name}`, () => {
      const launched = {};
      before(async () => {
        Object.assign(launched, await launch(name));
      });
      after(() => launched.close?.());
      define(launched);
    });
  }
}
