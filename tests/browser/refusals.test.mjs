// What the page and the bridge say no to, and how they say it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { Kek, KID } from './desk/openssl.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('refusals', (launched) => {
  let kek;
  let small;
  let bridge;
  before(async () => {
    kek = new Kek(2048);
    small = new Kek(1024);
    const state = stateFolder();
    keyferry(state, 'keygen', '--kind', 'P-256', '--label', 'signing');
    bridge = new Bridge(state, 'serve --software-token');
    await bridge.address();
  });
  after(async () => {
    await bridge?.stop();
    kek?.remove();
    small?.remove();
  });

  it('refuses what is no KEK, by name, and echoes nothing secret', async () => {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.check('kek');
    const cases = [
      ['private-key-given', kek.private],
      ['certificate-given', kek.certificate()],
      ['kek-size', small.file('small.json', small.azureJson())],
      [
        'kid-host',
        kek.file(
          'lookalike.json',
          kek.azureJson(KID.replace('.vault.azure.net', '.vault.azure.net.example')),
        ),
      ],
      ['key-ops', kek.file('ops.json', kek.azureJson(KID, { keyOps: ['import', 'wrapKey'] }))],
    ];
    for (const [what, path] of cases) {
      await visitor.choose(path);
      await visitor.wait('.verdict-bad');
      const text = await visitor.text('.verdict');
      assert.match(text, /Refused/, what);
      const secret = readFileSync(kek.private, 'utf8').split('\n')[3];
      assert.ok(!(await visitor.page.content()).includes(secret), what);
      const verdict = JSON.stringify(await codes(visitor));
      if (what === 'private-key-given') await visitor.check('kek-private-key');
      assert.deepEqual(await codes(visitor), await commandLineCodes(path), `${what}: ${verdict}`);
      await visitor.press('Take another KEK');
      await visitor.wait('.drop');
    }
    await visitor.leave();
  });

  it('a dropped file that is too large is refused without being read, and a pasted KEK is examined', async () => {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.drop('huge.json', 4 * 1024 * 1024);
    await visitor.wait('.verdict-bad');
    assert.match(await visitor.text('.verdict'), /64 KiB|too large|larger/i);
    await visitor.press('Take another KEK');
    await visitor.drop('kek.json', Buffer.from(kek.azureJson()));
    await visitor.wait('.verdict-good');
    const [measure] = await visitor.page.evaluate(() =>
      performance.getEntriesByName('kek-verdict').map((entry) => entry.duration),
    );
    assert.ok(measure > 0, 'the time to the verdict is measured');
    await visitor.press('Take another KEK');
    await (await visitor.wait('kf-kek summary')).click();
    await visitor.page.$eval(
      '#kek-text',
      (area, text) => {
        area.value = text;
      },
      kek.azureJson(),
    );
    await visitor.press('Examine it');
    await visitor.wait('.verdict-good');
    await visitor.leave();
  });

  it('a software key is not sent to a real vault unless the bridge was started so', async () => {
    const state = stateFolder();
    keyferry(state, 'keygen', '--kind', 'P-256', '--label', 'signing');
    const strict = new Bridge(state, 'serve');
    try {
      const visitor = await Visitor.atKek(launched, await strict.address());
      await toReview(visitor);
      await visitor.reads('[data-code=software-key]', 'keyferry serve --software-token');
      await visitor.check('review-software');
      await visitor.press('Wrap this key');
      await visitor.wait('[data-screen=wrap] .box-error');
      assert.match(await visitor.text('[data-screen=wrap] .box-error'), /software/);
      await visitor.leave();
    } finally {
      await strict.stop();
    }
  });

  it('a wrap that is refused at the prompt makes no file, and can be ordered again', async () => {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await toReview(visitor);
    await visitor.press('Wrap this key');
    await bridge.answer('no');
    await visitor.wait('[data-screen=wrap] .box-error');
    assert.match(await visitor.text('[data-screen=wrap] h1'), /was not wrapped/);
    await visitor.check('wrap-refused');
    await visitor.press('Back to the review');
    await visitor.screen('review');
    await visitor.press('Wrap this key');
    await bridge.answer('y');
    await visitor.screen('deliver');
    await visitor.leave();
  });

  it('the inspector reads any file, good or bad, without a secret', async () => {
    const visitor = await Visitor.open(launched, `${bridge.origin}/#inspect`);
    await visitor.screen('inspect');
    await visitor.check('inspect');
    const ciphertext = Buffer.alloc(256 + 152, 7).toString('base64url');
    const header = { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' };
    const blob = (change) =>
      JSON.stringify({
        schema_version: '1.0.0',
        header,
        ciphertext,
        generator: 'by hand',
        ...change,
      });
    const file = (name, text) => {
      const path = kek.file(name, text);
      writeFileSync(path, text);
      return path;
    };
    await visitor.choose(file('good.byok', blob({})));
    await visitor.wait('.verdict-good');
    await visitor.choose(
      file('padded.byok', blob({ header: { ...header, enc: 'CKM_RSA_AES_KEY_WRAP_PAD' } })),
    );
    await visitor.wait('.verdict-bad');
    await visitor.check('inspect-bad');
    await visitor.choose(file('generator.byok', blob({ generator: 'made\u202eby\u0007' })));
    await visitor.wait('.verdict-good');
    const shown = await visitor.text('.verdict');
    assert.ok(
      !shown.includes('\u202e') && shown.includes('202e'),
      'what turns text around is made visible',
    );
    await visitor.leave();
  });

  /** From the KEK's screen to the review of the token's key. */
  async function toReview(visitor) {
    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    await visitor.press('Continue');
    await visitor.review();
  }

  async function codes(visitor) {
    const listed = await visitor.page.$$eval('.finding-error', (all) =>
      all.flatMap((one) => one.dataset.code.split(' ')),
    );
    return listed.sort();
  }

  /** The binary's verdict on the same file. The page must say the same. */
  async function commandLineCodes(path) {
    try {
      keyferry(bridge.state, 'kek', path);
    } catch (refused) {
      const { findings } = JSON.parse(refused.stdout.toString());
      return findings
        .filter((finding) => finding.severity === 'error')
        .map((finding) => finding.code)
        .sort();
    }
    return assert.fail('the command line admits it');
  }
});
