// Two tabs of one person: one works with the bridge at a time, and which one is said by the person.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('tabs', (launched) => {
  let bridge;
  before(async () => {
    bridge = new Bridge(stateFolder(), 'serve');
    await bridge.address();
  });
  after(() => bridge?.stop());

  /** A tab whose visitor takes nothing over by itself. */
  async function tab() {
    const visitor = await Visitor.open(launched);
    await visitor.page.evaluateOnNewDocument(() => {
      globalThis.staysBehind = true;
    });
    await visitor.go(bridge.url);
    return visitor;
  }

  /** The same, with the bridge: a tab that was closed may be heard a moment longer, and have it still. */
  async function tabWithBridge() {
    const visitor = await tab();
    await visitor.wait(
      '[data-take-over], .token-line, .chip-unlocked, [data-screen=connect] .button-primary',
    );
    if (await visitor.page.$('[data-take-over]')) await visitor.press('Take the bridge over');
    await visitor.reads('[data-screen=connect]', 'Software token');
    return visitor;
  }

  it('a second tab is told of the first, takes over when it is told to, and can be taken back from', async () => {
    const first = await tabWithBridge();
    const second = await tab();
    await second.wait('[data-code=other-tab]');
    await second.check('other-tab');
    await second.press('Take the bridge over');
    await second.reads('[data-screen=connect]', 'Software token');
    await first.page.bringToFront();
    await first.press('Unlock the token');
    await first.wait('[data-code=other-tab]');
    await first.press('Take the bridge over');
    await first.page.waitForSelector('[data-code=other-tab]', { hidden: true });
    await first.unlock();
    await second.leave();
    await first.leave();
  });

  it('a tab that takes a locked token back leaves what that has closed', async () => {
    const first = await tabWithBridge();
    await first.unlock();
    await first.press('Continue');
    await first.screen('kek');
    const second = await tab();
    await second.press('Take the bridge over');
    await (await second.wait('#lock-token')).click();
    await second.wait('.chip-locked');
    await first.page.bringToFront();
    await first.page.evaluate(() => dispatchEvent(new Event('focus')));
    await first.wait('[data-code=other-tab]');
    assert.equal(await first.screen(), 'kek', 'which is as it was');
    await first.press('Take the bridge over');
    await first.screen('connect');
    await second.leave();
    await first.leave();
  });

  it('what was taken over can be taken back from the record and from many keys, too', async () => {
    for (const [view, screen] of [
      ['Record', 'record'],
      ['Many keys', 'batch'],
    ]) {
      const first = await tabWithBridge();
      const second = await tab();
      await second.press('Take the bridge over');
      await second.reads('[data-screen=connect]', 'Software token');
      await first.page.bringToFront();
      await first.press(view);
      await first.screen(screen);
      await first.wait('main > [data-code=other-tab]');
      await first.check(`other-tab-${screen}`);
      await first.press('Take the bridge over');
      await first.page.waitForSelector('[data-code=other-tab]', { hidden: true });
      if (screen === 'record') {
        await first.press('Show');
        await first.wait('[data-intact=true]');
      }
      await second.leave();
      await first.leave();
    }
  });

  it('a tab that is loaded again keeps the bridge, and one that is closed does not keep it from the next', async () => {
    const one = await tabWithBridge();
    await one.reload();
    await one.reads('[data-screen=connect]', 'Software token');
    await one.page.goto('about:blank');
    // A browser that lets a page say goodbye frees the bridge; in another one the next tab takes it over.
    const next = await tabWithBridge();
    await next.leave();
    await one.page.close();
  });
});
