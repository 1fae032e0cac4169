// From KEK to a verified key in one sitting: the page, the real bridge and a vault that really opens the file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { sha256 } from './desk/openssl.mjs';
import { PracticeVault } from './desk/practice-vault.mjs';
import { signing } from './desk/signing.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('vault', (launched) => {
  let demo;
  before(async () => {
    demo = new Bridge(stateFolder(), 'demo');
    await demo.address(120);
  });
  after(() => demo?.stop());

  it('makes a KEK, wraps, imports, verifies and retires, with a native yes to each', async () => {
    const visitor = await Visitor.atKek(launched, demo.url);
    const { page } = visitor;
    const address = await page.$eval('#vault-url', (field) => field.value);
    assert.match(
      address,
      /^https:\/\/127\.0\.0\.1:\d+$/,
      'the practice vault stands there already',
    );
    await visitor.press('List its keys');
    await visitor.reads('kf-vault-keks', 'KEKforBYOK');
    await visitor.check('vault-keys');
    // What the demonstration imported is no KEK, and the reason is told.
    await (await visitor.wait('::-p-xpath(//summary[contains(., "no KEK")])')).click();
    await visitor.reads('.key-unable', 'demo-');
    await visitor.wait('.key-unable [data-code=kek-key-ops]');

    await (await visitor.wait('::-p-xpath(//summary[contains(., "Make a new KEK")])')).click();
    await visitor.fill('#kek-name', 'page-kek');
    await page.select('#kek-bits', '2048');
    await page.$eval('#kek-expires', (field) => {
      field.value = '2031-01-31';
    });
    await visitor.press('Make the KEK');
    const making = await demo.question();
    for (const said of [
      address,
      'page-kek (RSA-HSM 2048)',
      '2031-01-31',
      'practice only',
      'browser',
    ])
      assert.ok(making.includes(said), `${said} is not asked in ${making}`);
    await visitor.reads('.box-look', 'Look at the terminal now');
    await visitor.check('vault-kek-making');
    demo.type('n\n');
    await visitor.wait('[data-code=approval-refused]');
    await visitor.press('Make the KEK');
    await demo.answer('y');
    await visitor.wait('.verdict-good');
    await visitor.reads('.verdict', 'page-kek');
    // Straight from the vault every rule is checked: nothing is left open.
    assert.equal(await page.$('.finding-unchecked'), null);
    await visitor.press('Continue');

    await visitor.review('demo-p-256');
    await visitor.press('Wrap this key');
    await demo.answer('y');
    await visitor.screen('deliver');
    await visitor.check('deliver-online');
    await visitor.press('Download the file');
    const file = await visitor.downloaded('KeyTransferPackage-demo-p-256.byok');
    const digest = sha256(readFileSync(file));

    await visitor.fill('#import-name', 'page-import');
    await (await visitor.wait('::-p-xpath(//summary[contains(., "Tags")])')).click();
    await visitor.fill('#import-tags', 'owner=payments');
    await visitor.press('Import now');
    const importing = await demo.question();
    const grouped = importing.replace(/\s/g, '');
    for (const said of [
      address,
      digest,
      'page-import(P-256)',
      'signverify',
      'owner=payments',
      'page-kek',
    ])
      assert.ok(grouped.includes(said), `${said} is not asked in ${importing}`);
    await visitor.reads('.box-look', 'Look at the terminal now');
    await visitor.check('import-approving');
    demo.type('y\n');
    await visitor.wait('[data-seen=same]');
    assert.match((await visitor.focused()).text, /your HSM's key/, 'the outcome has the focus');
    assert.deepEqual(await outcomes(visitor), [
      'imported held',
      'public-key held',
      'private-key held',
    ]);
    await visitor.reads('[data-seen=same]', '/keys/page-import/');
    await visitor.check('imported');

    await visitor.press('Disable this version');
    const retiring = await demo.question();
    assert.match(retiring, /Disable this KEK\?/);
    assert.match(retiring, /page-kek/);
    await visitor.check('kek-retiring');
    demo.type('y\n');
    await visitor.reads('#retire', 'The KEK is disabled');
    await visitor.check('kek-retired');
    // Behind a locked token the next key begins at its unlocking.
    await (await visitor.wait('#lock-token')).click();
    await visitor.wait('.chip-locked');
    await visitor.press('Move another key');
    await visitor.screen('connect');
    await visitor.unlock();
    await visitor.press('Continue');
    await visitor.screen('kek');
    assert.equal(await page.$('.verdict'), null, 'a retired KEK takes no other key');
    await visitor.press('List its keys');
    await visitor.reads('kf-vault-keks', 'no KEK');
    await (await visitor.wait('::-p-xpath(//summary[contains(., "no KEK")])')).click();
    await visitor.wait('.key-unable [data-code=kek-disabled]');
    await visitor.leave();
  });

  it('an RSA key is verified too; that an AES key is the same cannot be seen, and is said', async () => {
    const visitor = await Visitor.atKek(launched, demo.url);
    await takePracticeKek(visitor);
    for (const [label, seen, expected] of [
      ['demo-rsa-3072', 'same', ['imported held', 'public-key held', 'private-key held']],
      ['demo-aes-256', 'unseen', ['imported held', 'public-key unseen', 'private-key unseen']],
    ]) {
      await visitor.review(label);
      await visitor.press('Wrap this key');
      await demo.answer('y');
      await visitor.screen('deliver');
      await visitor.press('Import now');
      await demo.answer('y');
      await visitor.wait(`[data-seen=${seen}]`);
      assert.deepEqual(await outcomes(visitor), expected);
      if (seen === 'unseen') await visitor.check('imported-aes');
      await visitor.press('Move another key');
    }
    await visitor.leave();
  });

  it('a refused import loses nothing: the reason is told, and the same file goes in a second time', async () => {
    const visitor = await Visitor.atKek(launched, demo.url);
    await takePracticeKek(visitor);
    await visitor.review('demo-p-256');
    await visitor.press('Wrap this key');
    await demo.answer('y');
    await visitor.screen('deliver');
    // A reload keeps the finished file.
    await visitor.reload();
    assert.equal(await visitor.screen('deliver'), 'deliver');
    await visitor.page.evaluate(() => {
      for (const box of document.querySelectorAll('[name=operation]')) box.checked = false;
    });
    await visitor.press('Import now');
    await visitor.wait('kf-import-now [data-code=import-ops]');
    await visitor.check('import-refused');
    await (await visitor.wait('[name=operation][value=sign]')).click();
    await visitor.press('Try the import again');
    const asked = await demo.answer('y');
    assert.match(asked, /May +sign\r?\n/);
    await visitor.wait('[data-seen=same]');
    await visitor.leave();
  });

  /** A page whose import waits for its answer. */
  async function atImport() {
    const visitor = await Visitor.atKek(launched, demo.url);
    await takePracticeKek(visitor);
    await visitor.review('demo-p-256');
    await visitor.press('Wrap this key');
    await demo.answer('y');
    await visitor.screen('deliver');
    await visitor.press('Import now');
    await demo.question();
    return visitor;
  }

  it('nothing takes the place of an import under way: what came of it is seen', async () => {
    const visitor = await atImport();
    await visitor.wait('::-p-xpath(//button[contains(., "Move another key")][@disabled])');
    await visitor.page.goBack();
    await visitor.screen('review');
    assert.equal(await visitor.page.$('::-p-xpath(//button[contains(., "Wrap this key")])'), null);
    await visitor.press('An import is under way');
    await visitor.screen('deliver');
    demo.type('y\n');
    await visitor.wait('[data-seen=same]');
    await visitor.press('Move another key');
    assert.equal(await visitor.screen('key'), 'key');
    await visitor.leave();
  });

  it('a reload in the midst of an import keeps the file, says where the outcome stands, and goes on', async () => {
    const visitor = await atImport();
    await visitor.reload();
    assert.equal(await visitor.screen('deliver'), 'deliver');
    await visitor.reads('[data-code=import-interrupted]', 'the bridge asks the vault first');
    await visitor.check('import-interrupted');
    await visitor.press('Understood');
    demo.type('n\n');
    await visitor.press('Import now');
    await demo.answer('y');
    await visitor.wait('[data-seen=same]');
    await visitor.leave();
  });
});

inEachBrowser('vault faults', (launched) => {
  let vault;
  let bridge;
  before(async () => {
    const state = stateFolder();
    keyferry(state, 'keygen', '--kind', 'P-256', '--label', 'signing');
    vault = await PracticeVault.start(state, '429@import:1,lost@import:1,other-key@import');
    bridge = new Bridge(state, 'serve');
    await bridge.address();
  });
  after(async () => {
    await vault?.stop();
    await bridge?.stop();
  });

  it('a wait is shown, a lost answer is settled by asking, and another key is told loudly', async () => {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.press('List its keys');
    await visitor.reads('kf-vault-keks', 'has no KEK yet');
    await (await visitor.wait('::-p-xpath(//summary[contains(., "Make a new KEK")])')).click();
    await visitor.page.select('#kek-bits', '2048');
    await visitor.press('Make the KEK');
    await bridge.answer('y');
    await visitor.wait('.verdict-good');
    await visitor.press('Continue');

    await visitor.review('signing');
    await visitor.press('Wrap this key');
    await bridge.answer('y');
    await visitor.screen('deliver');
    await visitor.press('Import now');
    // It waits for a second: who looks only after the answer may come too late.
    await Promise.all([bridge.answer('y'), visitor.wait('[data-code=waiting]')]);
    await visitor.wait('[data-seen=same]');
    await visitor.reads('.check', 'the vault was asked');
    assert.deepEqual(await outcomes(visitor), [
      'imported held',
      'public-key held',
      'private-key held',
    ]);
    await visitor.press('Move another key');

    await visitor.review('signing');
    await visitor.press('Wrap this key');
    await bridge.answer('y');
    await visitor.screen('deliver');
    await visitor.press('Import now');
    await bridge.answer('y');
    await visitor.wait('[data-seen=other]');
    await visitor.reads('h1', 'Stop');
    await visitor.reads('[data-seen=other] [role=alert]', 'Do not use this key');
    assert.deepEqual((await outcomes(visitor)).slice(0, 2), ['imported held', 'public-key broken']);
    const buttons = await visitor.page.$$eval('button', (all) => all.map((one) => one.textContent));
    assert.ok(!buttons.some((words) => words.includes('Disable')), 'the KEK is not offered to go');
    await visitor.check('imported-other');
    await visitor.leave();
  });
});

inEachBrowser('vault sign-in', (launched) => {
  const secret = 'never-to-be-shown-2718';
  let bridge;
  before(async () => {
    // A service principal, and a proxy that nobody runs: no request of this test leaves the machine.
    bridge = new Bridge(stateFolder(), 'serve --credential environment', {
      AZURE_TENANT_ID: 'contoso.example',
      AZURE_CLIENT_ID: '00001111-aaaa-2222-bbbb-3333cccc4444',
      AZURE_CLIENT_SECRET: secret,
      HTTPS_PROXY: 'http://127.0.0.1:9',
    });
    await bridge.address();
  });
  after(() => bridge?.stop());

  it('asks before the first sign-in to a vault, names the credential and never its secret', async () => {
    const visitor = await Visitor.atKek(launched, bridge.url);
    for (const place of ['http://contoso.vault.azure.net', 'https://127.0.0.1:22']) {
      await visitor.fill('#vault-url', place);
      await visitor.press('List its keys');
      await visitor.wait('[data-code=vault-address]');
    }
    await visitor.fill('#vault-url', 'https://contoso.vault.azure.net');
    await visitor.press('List its keys');
    const asked = await bridge.question();
    assert.match(asked, /Sign in to this vault and read its keys\?/);
    assert.match(asked, /contoso\.vault\.azure\.net/);
    assert.match(asked, /00001111-aaaa-2222-bbbb-3333cccc4444/);
    await visitor.check('vault-sign-in');
    bridge.type('n\n');
    await visitor.wait('[data-code=approval-refused]');
    await visitor.press('List its keys');
    await bridge.answer('y');
    const shown = await visitor.text('main > .box-error');
    assert.match(shown, /vault-/, 'the failure has a name, and says what to do');
    await visitor.check('vault-unreachable');
    assert.ok(!bridge.screen.includes(secret) && !(await visitor.page.content()).includes(secret));
    await visitor.leave();
  });
});

inEachBrowser('offline', (launched) => {
  const desk = signing('serve --software-token --offline');

  it('says that it is offline, offers nothing online, and refuses what is asked all the same', async () => {
    const visitor = await Visitor.open(launched, desk.bridge.url);
    await visitor.unlock();
    await visitor.reads('[data-screen=connect]', 'Offline');
    await visitor.press('Continue');
    await visitor.wait('[data-code=offline]');
    assert.equal(await visitor.page.$('#vault-url'), null);
    await visitor.check('kek-offline');
    await visitor.giveKek(desk.kek.file('kek.json', desk.kek.azureJson()));
    await visitor.press('Continue');
    await visitor.review('signing');
    await visitor.press('Wrap this key');
    await desk.bridge.answer('y');
    await visitor.screen('deliver');
    assert.equal(await visitor.page.$('kf-import-now'), null);
    await visitor.reads('[data-screen=deliver]', 'az keyvault key import');
    const refused = await visitor.page.evaluate(async () => {
      const post = (path, order) =>
        fetch(path, {
          method: 'POST',
          headers: {
            Authorization: `Bearer ${sessionStorage.getItem('keyferry.secret')}`,
            'Content-Type': 'application/json',
            // As another tab, so the bridge is taken over first.
            'Keyferry-Tab': 'a'.repeat(32),
          },
          body: JSON.stringify(order),
        });
      await post('/v1/seat', { do: 'take-over' });
      const answer = await post('/v1/vault/keys', { vault: 'https://contoso.vault.azure.net' });
      return [answer.status, (await answer.json()).error.code];
    });
    assert.deepEqual(refused, [403, 'vault-offline']);
    await visitor.leave();
  });
});

async function takePracticeKek(visitor) {
  await visitor.press('Use the practice KEK');
  await visitor.wait('.verdict-good');
  await visitor.press('Continue');
}

/** The three lines: which, and what it showed. */
function outcomes(visitor) {
  return visitor.page.$$eval('.check', (all) =>
    all.map((one) => `${one.dataset.code} ${one.dataset.outcome}`),
  );
}
