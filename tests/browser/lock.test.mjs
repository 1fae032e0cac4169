// The token is locked from the page, and the page says so when it was locked without it.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('lock', (launched) => {
  let bridge;
  before(async () => {
    bridge = new Bridge(stateFolder(), 'serve --offline');
    await bridge.address();
  });
  after(() => bridge?.stop());

  it('locks at the button, reached by the keyboard, and goes back to where it is unlocked', async () => {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.check('lock-unlocked');
    // From the top: behind its last element Firefox leaves the page.
    await visitor.page.focus('.skip');
    await visitor.tabTo('lock-token');
    await visitor.page.keyboard.press('Enter');
    await visitor.wait('.chip-locked');
    assert.equal(await visitor.screen('connect'), 'connect');
    assert.equal(await visitor.page.$('[data-code=locked-itself]'), null, 'it was asked for here');
    await visitor.press('Unlock the token');
    await visitor.wait('.chip-unlocked');
    await visitor.leave();
  });

  it('says that the bridge locked it for want of use, when somebody turns to the page again', async () => {
    const idle = new Bridge(stateFolder(), 'serve --offline --lock-after 0.05');
    try {
      await idle.address();
      const visitor = await Visitor.atKek(launched, idle.url);
      // Nothing tells the page: it looks when somebody turns to it.
      const turning = setInterval(
        () => visitor.page.evaluate(() => dispatchEvent(new Event('focus'))).catch(() => {}),
        500,
      );
      await visitor.wait('.chip-locked').finally(() => clearInterval(turning));
      await visitor.reads('[data-code=locked-itself]', 'The bridge has locked the token');
      await visitor.check('locked-itself');
      await visitor.press('Unlock the token');
      await visitor.wait('.chip-unlocked');
      assert.equal(await visitor.page.$('[data-code=locked-itself]'), null);
      await visitor.leave();
    } finally {
      await idle.stop();
    }
  });
});
