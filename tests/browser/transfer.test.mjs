// The whole way, once for an RSA and once for an EC key: what the browser saved is opened by openssl.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { Kek, KID, sha256 } from './desk/openssl.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('transfer', (launched) => {
  let kek;
  let bridge;
  before(async () => {
    kek = new Kek(3072);
    const state = stateFolder();
    keyferry(state, 'keygen', '--kind', 'RSA-3072', '--label', 'card-issuing');
    bridge = new Bridge(state, 'serve --software-token');
    await bridge.address();
  });
  after(async () => {
    await bridge?.stop();
    kek?.remove();
  });

  it('carries an RSA key from the token to a file that only the KEK opens', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    await connect(visitor);

    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    assert.equal(await digits(visitor, '.thumbprint-large'), kek.thumbprint());
    assert.match(await visitor.text('.card .command'), /az keyvault key download .*openssl/s);
    await visitor.check('kek-admitted');
    await visitor.press('Continue');

    await visitor.pick('card-issuing');
    await visitor.check('key');
    await visitor.press('Continue');

    await visitor.screen('review');
    const review = await visitor.text('[data-screen=review]');
    for (const said of [
      'card-issuing',
      'RSA-3072',
      'keyferry-tests.vault.azure.net',
      KID,
      'KeyTransferPackage-card-issuing.byok',
    ]) {
      assert.ok(
        review.replace(/\s+/g, ' ').includes(said) || review.replace(/\s+/g, '').includes(said),
        `${said} is not reviewed`,
      );
    }
    await visitor.check('review');
    await visitor.press('Wrap this key');

    const asked = await bridge.question();
    assert.ok(asked.replace(/\s/g, '').includes(kek.thumbprint()), asked);
    assert.match(asked, /card-issuing/);
    await visitor.screen('wrap');
    await visitor.reads('.box-look', 'Look at the terminal now');
    await visitor.check('wrap-approving');
    bridge.type('y\n');

    const file = await deliver(visitor, 'KeyTransferPackage-card-issuing.byok');
    opensTo(kek, file, tokenKey(bridge, 'card-issuing'));
    assert.match(
      await importCommand(visitor),
      /^az keyvault key import --vault-name keyferry-tests --name card-issuing --byok-file KeyTransferPackage-card-issuing\.byok --ops /,
    );
    await visitor.check('deliver');
    await visitor.tabTo('Azure CLI');
    await visitor.page.keyboard.press('ArrowRight');
    assert.match((await visitor.focused()).text, /PowerShell/, 'the tabs answer to the arrows');
    await visitor.leave();
  });

  it('makes an EC key in the token and carries it, with the kid given beside a PEM', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    await connect(visitor);

    await visitor.choose(kek.pem);
    await visitor.wait('.verdict-asks');
    await visitor.check('kek-without-kid');
    await visitor.fill('#kid', KID);
    await visitor.press('Check');
    await visitor.wait('.verdict-good');
    assert.equal(await digits(visitor, '.thumbprint-large'), kek.thumbprint());
    await visitor.press('Continue');

    await visitor.screen('key');
    await (await visitor.wait('kf-key summary')).click();
    await visitor.page.select('#new-kind', 'P-256');
    await visitor.fill('#new-label', 'payment-signing');
    await visitor.press('Make the key');
    const asked = await bridge.question();
    assert.match(asked, /payment-signing/);
    await visitor.reads('.box-look', 'in the terminal');
    await visitor.check('key-making');
    bridge.type('y\n');
    await visitor.wait('.key-chosen');
    assert.match(await visitor.text('.key-chosen'), /payment-signing/);
    await visitor.press('Continue');

    await visitor.screen('review');
    await visitor.fill('#vault-name', 'signing-2026');
    await visitor.press('Wrap this key');
    await bridge.answer('yes');
    const file = await deliver(visitor, 'KeyTransferPackage-signing-2026.byok');
    opensTo(kek, file, tokenKey(bridge, 'payment-signing'));
    assert.match(
      await importCommand(visitor),
      /--name signing-2026 .*--kty EC --curve P-256 --ops sign verify$/,
    );
    await visitor.press('PowerShell');
    assert.match(
      await visitor.text('[role=tabpanel]:not([hidden])'),
      /Add-AzKeyVaultKey .*-KeyType EC -CurveName P-256/s,
    );
    await visitor.press('REST');
    assert.match(
      await visitor.text('[role=tabpanel]:not([hidden])'),
      /PUT https:\/\/keyferry-tests\.vault\.azure\.net\/keys\/signing-2026/,
    );

    const copied = await visitor.page.$eval(
      '[role=tabpanel]:not([hidden]) kf-copy',
      (button) => button.text,
    );
    const body = JSON.parse(copied.slice(copied.indexOf('{')));
    assert.equal(body.key.key_hsm, readFileSync(file).toString('base64url'));
    await (await visitor.wait('[role=tabpanel]:not([hidden]) kf-copy button')).click();
    await visitor.reads('[role=tabpanel]:not([hidden]) kf-copy button', 'Copied');

    await visitor.press('Inspect');
    await visitor.screen('inspect');
    await visitor.choose(file);
    await visitor.wait('.verdict-good');
    // The KEK is at hand, so the length has one reading only.
    assert.match(await visitor.text('.verdict'), /3072 bits\s.*Can hold\s+P-256/s);
    assert.doesNotMatch(await visitor.text('.verdict'), /P-384/);
    await visitor.check('inspect-good');

    await visitor.press('Transfer');
    await visitor.screen('deliver');
    await visitor.press('Move another key');
    assert.equal(await visitor.screen('key'), 'key');
    await visitor.leave();
  });
});

function opensTo(kek, file, key) {
  const { spki, after } = kek.open(file);
  assert.equal(spki.toString('base64'), key.spki);
  assert.equal(after.length, 0, 'nothing follows the key');
}

async function connect(visitor) {
  await visitor.screen('connect');
  assert.equal(
    await visitor.page.evaluate(() => location.href.includes('token')),
    false,
    'the secret left the address',
  );
  await visitor.reads('[data-screen=connect]', 'Software token');
  // A bridge that was unlocked before is not locked again for a new page.
  if (!(await visitor.page.$('.chip-unlocked'))) {
    await visitor.check('connect-locked');
    await visitor.press('Unlock the token');
  }
  await visitor.wait('.chip-unlocked');
  await visitor.check('connect-unlocked');
  await visitor.press('Continue');
  await visitor.screen('kek');
}

/** Saves the file; its hash on the screen is that of the bytes on disk. */
async function deliver(visitor, name) {
  await visitor.screen('deliver');
  await visitor.press('Download the file');
  const file = await visitor.downloaded(name);
  assert.equal(await digits(visitor, '#the-file > .thumbprint'), sha256(readFileSync(file)));
  return file;
}

async function digits(visitor, within) {
  return (await visitor.text(`${within} .digits`)).replace(/\s/g, '');
}

async function importCommand(visitor) {
  return (await visitor.text('[role=tabpanel]:not([hidden]) pre')).trim();
}

function tokenKey(bridge, label) {
  const { keys } = keyferry(bridge.state, 'keys');
  return keys.find((key) => key.label === label);
}
