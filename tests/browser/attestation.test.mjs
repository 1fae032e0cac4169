// The attestation of a KEK in the page: three results, each by itself, and what is refused goes no further.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keyferry } from './desk/bridge.mjs';
import { signing } from './desk/signing.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

/** A file of the cases, whose synthetic maker is no root of the page. */
const given = (name) =>
  fileURLToPath(new URL(`../cases/attestation/${name}/input`, import.meta.url));

inEachBrowser('attestation', (launched) => {
  const desk = signing('serve --software-token');

  /** A page in which this KEK was admitted. */
  async function atVerdict(path) {
    const visitor = await Visitor.atKek(launched, desk.bridge.url);
    await visitor.giveKek(path);
    return visitor;
  }

  /** The KEK of a Managed HSM as `az keyvault key show` gives it: without its attestation. */
  function plainKek() {
    const { key, attributes } = JSON.parse(readFileSync(given('firmware-2-of-2048'), 'utf8'));
    const shown = { key, attributes: { ...attributes, attestation: null } };
    return desk.kek.file('plain.json', JSON.stringify(shown));
  }

  it('refuses one that no root of the maker vouches for, and goes on when it is taken away', async () => {
    const visitor = await atVerdict(plainKek());
    await visitor.reads('[data-code=attestation-not-given]', 'none was given');
    assert.match(
      await visitor.text('#attestation .command'),
      /^az keyvault key get-attestation --hsm-name contosohsm --name KEKforBYOK --file attestation\.json/,
    );
    await visitor.check('attestation-none');
    for (const name of ['firmware-2-of-2048', 'certificates-too-large', 'not-json']) {
      await visitor.choose(given(name));
      assert.deepEqual(await outcomes(visitor), ['hardware broken', 'key unseen', 'pool unseen']);
      await visitor.reads('[data-code=hardware]', 'Hardware: refused');
      assert.match((await visitor.focused()).text, /attestation shows/, 'reading goes on there');
      assert.deepEqual(
        await codes(visitor),
        commandLineCodes(desk.bridge.state, given(name)),
        name,
      );
      assert.equal(await goesOn(visitor), false, `${name} blocks`);
      if (name === 'firmware-2-of-2048') {
        assert.deepEqual(await codes(visitor), ['chain-root-unknown']);
        await visitor.check('attestation-refused');
        await visitor.reload();
        await visitor.wait('[data-code=chain-root-unknown]');
        assert.equal(await goesOn(visitor), false, 'a reload takes nothing away');
        await visitor.page.evaluate(() => {
          location.hash = '#key';
        });
        assert.equal(await visitor.screen(), 'kek', 'nor does an address');
      }
      await visitor.press('Take the attestation away');
      await visitor.wait('kf-attestation .drop');
      assert.equal(await goesOn(visitor), true, `without ${name} it goes on`);
    }
    await visitor.drop('huge.json', 4 * 1024 * 1024);
    await visitor.wait('[data-code=attestation-too-large]');
    await visitor.press('Take another KEK');
    await visitor.wait('kf-kek > kf-drop');
    await visitor.leave();
  });

  it("verifies the one within the KEK's own file at once, which nothing but another KEK takes away", async () => {
    const visitor = await atVerdict(given('firmware-2-of-2048'));
    await visitor.reads('#attestation', "within the KEK's own file");
    assert.deepEqual(await codes(visitor), ['chain-root-unknown']);
    assert.equal(await goesOn(visitor), false);
    assert.equal(await visitor.page.$('#attestation .actions'), null);
    await visitor.check('attestation-own');
    await visitor.press('Take another KEK');
    await visitor.wait('.drop');
    await visitor.choose(plainKek());
    await visitor.wait('kf-attestation .drop');
    assert.equal(await goesOn(visitor), true);
    await visitor.leave();
  });

  it('reads "not available" from a key without one, over a reload too, and the bridge says the same', async () => {
    const visitor = await atVerdict(desk.kek.file('kek.json', desk.kek.azureJson()));
    assert.equal(
      await visitor.page.$('[data-code=attestation-not-given]'),
      null,
      'of no Key Vault',
    );
    await visitor.choose(given('key-without-attestation'));
    await visitor.reads('[data-code=hardware]', 'Hardware: not available');
    assert.deepEqual(await outcomes(visitor), ['hardware unseen', 'key unseen', 'pool unseen']);
    await visitor.wait('[data-code=attestation-not-available]');
    await visitor.check('attestation-not-available');
    await visitor.reload();
    await visitor.reads('[data-code=hardware]', 'Hardware: not available');
    await visitor.press('Continue');
    await visitor.review();
    await visitor.press('Wrap this key');
    assert.match(await desk.bridge.answer('y'), /attestation/i);
    await visitor.screen('deliver');
    await visitor.reads('#the-file [data-code=hardware]', 'Hardware: not available');
    await visitor.wait('.finding[data-code=attestation-not-available]');
    await visitor.check('attestation-delivered');
    await visitor.leave();
  });
});

async function outcomes(visitor) {
  await visitor.wait('.checks');
  return visitor.page.$$eval('#attestation .check', (all) =>
    all.map((line) => `${line.dataset.code} ${line.dataset.outcome}`),
  );
}

async function codes(visitor) {
  const listed = await visitor.page.$$eval('#attestation .finding-error', (all) =>
    all.flatMap((one) => one.dataset.code.split(' ')),
  );
  return listed.sort();
}

/** Whether the page lets one go on, by its button and by its rail alike. */
async function goesOn(visitor) {
  const button = await visitor.page.$(
    '::-p-xpath(//kf-kek//button[contains(normalize-space(.), "Continue")])',
  );
  const rail = await visitor.page.$('.rail-later button');
  assert.equal(button !== null, rail !== null, 'button and rail agree');
  return button !== null;
}

/** The binary's verdict on the same file. The page must say the same. */
function commandLineCodes(state, path) {
  try {
    keyferry(state, 'attest', path);
  } catch (refused) {
    const { findings } = JSON.parse(refused.stdout.toString());
    return findings
      .filter((finding) => finding.severity === 'error')
      .map((finding) => finding.code)
      .sort();
  }
  return assert.fail('the command line takes it');
}
