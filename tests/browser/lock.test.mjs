// The token is locked from the page, and the page says so when it was locked without it.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { signing } from './desk/signing.mjs';
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

inEachBrowser('lock after a wrap', (launched) => {
  const desk = signing('serve --software-token --offline');

  /** A page whose wrap was answered so, the token locked since. */
  async function lockedAfter(answer, shown) {
    const visitor = await Visitor.atKek(launched, desk.bridge.url);
    await visitor.giveKek(desk.kek.file('kek.json', desk.kek.azureJson()));
    await visitor.press('Continue');
    await visitor.review('signing');
    await visitor.press('Wrap this key');
    await desk.bridge.answer(answer);
    await visitor.reads('h1', shown);
    await (await visitor.wait('#lock-token')).click();
    await visitor.wait('.chip-locked');
    await visitor.reads('h1', shown);
    return visitor;
  }

  it('a finished file stays, and another key leads to where the token is unlocked', async () => {
    const visitor = await lockedAfter('y', 'Ready to carry over');
    await visitor.press('Move another key');
    await visitor.screen('connect');
    assert.equal((await visitor.focused()).tag, 'H1');
    await visitor.unlock();
    await visitor.press('Continue');
    await visitor.wait('.verdict-good');
    await visitor.leave();
  });

  it('a refused wrap stays, and the way back leads to where the token is unlocked', async () => {
    const visitor = await lockedAfter('n', 'was not wrapped');
    await visitor.press('Back to the review');
    await visitor.screen('connect');
    await visitor.unlock();
    await visitor.leave();
  });
});
