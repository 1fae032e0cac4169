// A vendor's module and a PIN: asked for in the terminal, never in the page.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { Kek } from './desk/openssl.mjs';
import { SoftHsm } from './desk/soft-hsm.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('module', (launched) => {
  let kek;
  let hsm;
  let bridge;
  before(async () => {
    kek = new Kek(2048);
    hsm = new SoftHsm('payments');
    bridge = new Bridge(stateFolder(), `serve ${hsm.options}`, hsm.environment);
    await bridge.address();
  });
  after(async () => {
    await bridge?.stop();
    hsm?.remove();
    kek?.remove();
  });

  it('asks for the PIN in the terminal, and names the zero bytes that this token adds', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    await visitor.press('Unlock the token');
    await visitor.reads('.box-look', 'Look at the terminal now');
    await bridge.pin('000000');
    await visitor.wait('[data-code=pin-wrong]');
    await visitor.check('pin-wrong');
    await visitor.press('Unlock the token');
    await bridge.pin(hsm.pin);
    await visitor.wait('.chip-unlocked');
    await visitor.reads('[data-screen=connect]', 'payments');
    assert.equal(await visitor.page.$('.found'), null, 'a library was chosen: no other is offered');
    await visitor.press('Continue');

    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    await visitor.press('Continue');
    await visitor.reads('[data-screen=key]', 'holds no keys yet');
    await (await visitor.wait('kf-key summary')).click();
    await visitor.page.select('#new-kind', 'P-256');
    await visitor.fill('#new-label', 'signing');
    await visitor.press('Make the key');
    await bridge.answer('y');
    await visitor.wait('.key-chosen');
    await visitor.press('Continue');
    await visitor.press('Wrap this key');
    assert.match(await bridge.answer('y'), /trailing-zeros/);

    await visitor.screen('deliver');
    await visitor.reads('[data-screen=deliver]', 'trailing zeros');
    await visitor.check('deliver-trailing-zeros');
    await visitor.press('Download the file');
    const { spki, after: zeros } = kek.open(
      await visitor.downloaded('KeyTransferPackage-signing.byok'),
    );
    assert.ok(spki.length > 0);
    assert.ok(zeros.length > 0 && zeros.every((byte) => byte === 0), zeros.toString('hex'));
    assert.ok(!bridge.screen.includes(hsm.pin), 'the terminal does not show the PIN');
    await visitor.leave();
  });

  it('lists a key that may not leave, with the reason, and offers no way to choose it', async () => {
    hsm.makeStuckKey('root-ca');
    const visitor = await Visitor.open(launched, bridge.url);
    await visitor.wait('.chip-unlocked');
    await visitor.press('Continue');
    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    await visitor.press('Continue');
    await visitor.wait('.unable [data-code=not-extractable]');
    const listed = await visitor.text('.unable .key-unable');
    assert.match(listed, /root-ca/);
    assert.match(listed, /RSA-2048/);
    const choices = await visitor.page.$$eval('kf-key input[type=radio]', (all) => all.length);
    assert.equal(choices, 1, 'the key that can travel alone may be chosen');
    await visitor.check('key-stuck');
    await visitor.leave();
  });
});
