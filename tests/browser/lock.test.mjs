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

  async function unlocked() {
    const visitor = await Visitor.open(launched, bridge.url);
    await visitor.unlock();
    await visitor.press('Continue');
    await visitor.screen('kek');
    return visitor;
  }

  it('locks at the button, reached by the keyboard, and goes back to where it is unlocked', async () => {
    const visitor = await unlocked();
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

  it('says that the bridge locked it, when somebody turns to the page again', async () => {
    const visitor = await unlocked();
    const secret = new URL(bridge.url).hash.replace('#token=', '');
    const answer = await fetch(`${bridge.origin}/v1/lock`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${secret}`,
        'Content-Type': 'application/json',
        Origin: bridge.origin,
      },
      body: '{}',
    });
    assert.equal(answer.status, 200);
    await visitor.page.evaluate(() => dispatchEvent(new Event('focus')));
    await visitor.wait('.chip-locked');
    await visitor.reads('[data-code=locked-itself]', 'The bridge has locked the token');
    await visitor.check('locked-itself');
    await visitor.press('Unlock the token');
    await visitor.wait('.chip-unlocked');
    assert.equal(await visitor.page.$('[data-code=locked-itself]'), null);
    await visitor.leave();
  });
});
