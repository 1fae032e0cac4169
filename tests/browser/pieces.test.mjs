// The page in pieces: what it starts with is what was weighed, and the rest comes when it is wanted.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FIRST_LIMIT, firstFiles, PIECE_LIMITS, pieceOf } from '../../web/weights.mjs';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { signing } from './desk/signing.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

const ATTESTATION = fileURLToPath(
  new URL('../cases/attestation/key-without-attestation/input', import.meta.url),
);

inEachBrowser('pieces', (launched) => {
  const desk = signing('serve --software-token --offline');

  it('starts with no more than the document names, within the limit', async () => {
    const visitor = await Visitor.open(launched, desk.bridge.url);
    await visitor.screen('connect');
    const html = await (await fetch(desk.bridge.origin)).text();
    const named = firstFiles(html);
    assert.ok(named.includes('app.js') && named.includes('keyferry.wasm'), named.join());
    // A browser that shows no icon need not fetch it.
    const fetched = await files(visitor);
    const beyond = fetched.filter((name) => !named.includes(name));
    assert.deepEqual(beyond, [], 'nothing was fetched that was not weighed');
    for (const name of named.filter((one) => one !== 'icon.svg'))
      assert.equal(fetched.filter((one) => one === name).length, 1, `${name} is fetched once`);
    let sum = (await squeezed('')).length;
    for (const name of named) sum += (await squeezed(name)).length;
    assert.ok(sum <= FIRST_LIMIT, `${sum} bytes`);
    await visitor.leave();
  });

  it('fetches the verifier of attestations for the first attestation, not before', async () => {
    const visitor = await Visitor.atKek(launched, desk.bridge.url);
    await visitor.giveKek(desk.kek.file('kek.json', desk.kek.azureJson()));
    assert.ok(!(await pieces(visitor)).has('attestation'));
    await visitor.choose(ATTESTATION);
    await visitor.wait('#attestation .checks');
    assert.ok((await pieces(visitor)).has('attestation'));
    assert.equal((await files(visitor)).filter((name) => name.endsWith('.wasm')).length, 2);
    await visitor.leave();
  });

  it('fetches the screens after the KEK once a KEK is admitted, not before', async () => {
    const visitor = await Visitor.atKek(launched, desk.bridge.url);
    assert.deepEqual(await pieces(visitor), new Set());
    await visitor.giveKek(desk.kek.file('kek.json', desk.kek.azureJson()));
    await visitor.page.waitForFunction(() => customElements.get('kf-key') !== undefined);
    assert.deepEqual(await pieces(visitor), new Set(['chunk', 'transfer']));
    await visitor.leave();
  });

  it('says so when a piece cannot be had, and takes no KEK whose attestation it cannot verify', async () => {
    const mortal = new Bridge(stateFolder(), 'serve --offline');
    await mortal.address();
    const visitor = await Visitor.open(launched, mortal.url);
    await visitor.unlock();
    await visitor.press('Continue');
    await visitor.wait('kf-kek .drop');
    await mortal.stop();
    const within = fileURLToPath(
      new URL('../cases/attestation/firmware-2-of-2048/input', import.meta.url),
    );
    await visitor.choose(within);
    await visitor.wait('kf-kek [data-code=page-incomplete]');
    assert.equal(await visitor.page.$('.verdict'), null);
    await visitor.giveKek(desk.kek.file('kek.json', desk.kek.azureJson()));
    await visitor.press('Inspect');
    await visitor.wait('main > [data-code=page-incomplete]');
    await visitor.check('piece-missing');
    await visitor.leave();
  });

  /** Names of the files that the page fetched since it was opened, without the bridge's own answers. */
  async function files(visitor) {
    const paths = await visitor.page.evaluate(() =>
      performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname),
    );
    return paths.filter((path) => !path.startsWith('/v1/')).map((path) => path.slice(1));
  }

  /** The pieces that were fetched beyond what the document names. */
  async function pieces(visitor) {
    const named = new Set(firstFiles(await (await fetch(desk.bridge.origin)).text()));
    const wanted = (await files(visitor)).filter((name) => !named.has(name)).map(pieceOf);
    return new Set(wanted.filter((name) => name in PIECE_LIMITS));
  }

  /** A file as it crosses the socket. */
  async function squeezed(name) {
    return new Promise((resolve, reject) => {
      const headers = { 'Accept-Encoding': 'br' };
      get(new URL(`/${name}`, desk.bridge.origin), { headers }, (answer) => {
        assert.equal(answer.headers['content-encoding'], 'br', name);
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve(Buffer.concat(parts)));
      }).on('error', reject);
    });
  }
});
