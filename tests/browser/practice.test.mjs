// `keyferry demo`: practice ground, said on every screen, walked by the keyboard alone.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

let demo;
before(async () => {
  demo = new Bridge(stateFolder(), 'demo');
  await demo.address(120);
});
after(() => demo?.stop());

inEachBrowser('practice', (launched) => {
  it('the whole way with the practice KEK and no mouse', async () => {
    const visitor = await Visitor.open(launched, demo.url);
    const press = (key) => visitor.page.keyboard.press(key);
    await visitor.reads('.banner', 'practice only');
    if (!(await visitor.page.$('.chip-unlocked'))) {
      await visitor.tabTo('Unlock the token');
      await press('Enter');
      await visitor.wait('.chip-unlocked');
      assert.match(
        (await visitor.focused()).text,
        /Continue/,
        'the focus goes on to what comes next',
      );
    } else await visitor.tabTo('Continue');
    await press('Enter');

    await visitor.screen('kek');
    await headingHasFocus(visitor, 'key exchange key');
    await visitor.check('practice-kek');
    await visitor.tabTo('Use the practice KEK');
    await press('Enter');
    await visitor.wait('.verdict-good');
    assert.match((await visitor.focused()).text, /admitted/, 'the verdict has the focus');
    await visitor.tabTo('Continue');
    await press('Enter');

    await headingHasFocus(visitor, 'Which key');
    await visitor.wait('label.key');
    await press('Tab');
    await press(' ');
    await visitor.wait('.key-chosen');
    await press('ArrowDown');
    await visitor.tabTo('Continue');
    await press('Enter');

    await headingHasFocus(visitor, 'Review');
    await visitor.tabTo('Wrap this key');
    await press('Enter');
    const asked = await demo.answer('y');
    assert.match(asked, /practice only/);
    await visitor.screen('deliver');
    await headingHasFocus(visitor, 'Ready');
    await visitor.check('practice-deliver');
    await visitor.tabTo('Download the file');
    await press('Enter');
    const whole = await visitor.text('kf-deliver');
    assert.match(whole, /ends with this run/);
    assert.doesNotMatch(whole, /az keyvault/, 'no command could carry it to Azure');
    await visitor.tabTo('Move another key');
    await press('Enter');
    await headingHasFocus(visitor, 'Which key');
    await visitor.leave();
  });
});

async function headingHasFocus(visitor, words) {
  await visitor.page.waitForFunction(
    (expected) =>
      document.activeElement?.tagName === 'H1' &&
      document.activeElement.textContent.includes(expected),
    {},
    words,
  );
}
