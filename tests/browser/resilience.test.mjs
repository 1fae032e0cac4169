// Reload, Back, and a bridge that goes away: none does harm, and each is told.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { Kek } from './desk/openssl.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('resilience', (launched) => {
  let kek;
  let state;
  let bridge;
  before(async () => {
    kek = new Kek(2048);
    state = stateFolder();
    keyferry(state, 'keygen', '--kind', 'P-256', '--label', 'signing');
    bridge = new Bridge(state, 'serve --software-token');
    await bridge.address();
  });
  after(async () => {
    await bridge?.stop();
    kek?.remove();
  });

  async function atReview() {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    await visitor.press('Continue');
    await visitor.review();
    return visitor;
  }

  it('Back and forward walk the steps, and a reload keeps the secret and the KEK', async () => {
    const visitor = await atReview();
    await visitor.page.goBack();
    await visitor.screen('key');
    await visitor.page.goBack();
    await visitor.screen('kek');
    await visitor.wait('.verdict-good');
    await visitor.page.goForward();
    await visitor.screen('key');
    await visitor.reload();
    assert.equal(await visitor.screen('key'), 'key');
    await visitor.review();
    await visitor.reload();
    // A key is chosen anew: which one it was is not kept.
    assert.equal(await visitor.screen('key'), 'key');
    await visitor.leave();
  });

  it('Back in the midst of a wrap cuts nothing off: the file is there when the prompt is answered', async () => {
    const visitor = await atReview();
    await visitor.press('Wrap this key');
    await bridge.question();
    await visitor.screen('wrap');
    await visitor.page.goBack();
    await visitor.screen('review');
    await visitor.wait('::-p-xpath(//button[contains(., "A wrap is under way")])');
    bridge.type('y\n');
    await visitor.press('To the finished file');
    await visitor.screen('deliver');
    await visitor.leave();
  });

  it('a reload in the midst of a wrap takes nothing and says where the outcome stands', async () => {
    const visitor = await atReview();
    await visitor.press('Wrap this key');
    await bridge.question();
    await visitor.reload();
    await visitor.reads('[data-code=wrap-interrupted]', 'audit log');
    await visitor.check('wrap-interrupted');
    bridge.type('n\n');
    await visitor.press('Understood');
    await visitor.review();
    await visitor.press('Wrap this key');
    await bridge.answer('y');
    await visitor.screen('deliver');
    await visitor.leave();
  });

  it('a bridge that dies is told, not asked again and again, and a new one is taken up', async () => {
    const visitor = await atReview();
    await visitor.press('Wrap this key');
    await bridge.question();
    await visitor.wait('.box-look');
    const asked = [];
    visitor.page.on('request', (sent) => asked.push(sent.url()));
    await bridge.kill();
    await visitor.wait('[data-screen=wrap] [data-code=bridge-gone]');
    await visitor.check('bridge-gone');
    await pause(1500);
    assert.deepEqual(asked, [], 'the page keeps asking');

    bridge = new Bridge(state, 'serve --software-token');
    await bridge.address();
    await visitor.go(bridge.url);
    await visitor.screen('connect');
    await visitor.reads('[data-screen=connect]', 'Software token');
    await visitor.leave();
  });

  it('a bridge that is gone can be tried again by hand', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    await visitor.reads('[data-screen=connect]', 'Software token');
    await bridge.kill();
    await visitor.press('Unlock the token');
    await visitor.wait('[data-code=bridge-gone]');
    bridge = new Bridge(state, `serve --software-token --listen ${new URL(bridge.origin).host}`);
    await bridge.address();
    await visitor.press('Try again');
    // The new run has a new secret: the page says so and does not guess.
    await visitor.wait('[data-code=secret-refused]');
    await visitor.go(bridge.url);
    await visitor.reads('[data-screen=connect]', 'Software token');
    await visitor.leave();
  });
});
