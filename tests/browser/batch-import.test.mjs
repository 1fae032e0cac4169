// Many keys into a vault that really opens them: wrapped and imported after one yes, and what was said yes to is done.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { PracticeVault } from './desk/practice-vault.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

const TENANTS = 12;
const GROUPS = ['tenant', 'later', 'apart'];

inEachBrowser('batch import', (launched) => {
  let vault;
  let bridge;
  before(async () => {
    const state = stateFolder();
    for (const group of GROUPS)
      for (let number = 1; number <= TENANTS; number++)
        keyferry(state, 'keygen', '--kind', 'P-256', '--label', `${group}-${number}`);
    vault = await PracticeVault.start(state, '429@import:1');
    keyferry(
      state,
      'vault',
      'kek',
      'create',
      '--vault',
      vault.url,
      '--name',
      'kek',
      '--size',
      '2048',
    );
    bridge = new Bridge(state, 'serve');
    await bridge.address();
  });
  after(async () => {
    await vault?.stop();
    await bridge?.stop();
  });

  /** A page with the plan of a group's keys on its screen, and the plan's number. */
  async function atPlan(group, tags) {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.press('List its keys');
    await visitor.press('Use this KEK');
    await visitor.wait('.verdict-good');
    await visitor.manyKeys();
    const number = await visitor.plan(TENANTS, group, tags);
    return { visitor, number };
  }

  const versions = async (name) => (await vault.get(`/keys/${name}/versions`)).value?.length ?? 0;

  /** Each key of the group is in the vault so many times, and it is the token's. */
  async function arrived(group, times) {
    const { keys } = keyferry(bridge.state, 'keys');
    for (let number = 1; number <= TENANTS; number++) {
      const name = `${group}-${number}`;
      assert.equal(await versions(name), times, name);
      const { key } = await vault.get(`/keys/${name}`);
      const point = Buffer.concat([key.x, key.y].map((part) => Buffer.from(part, 'base64url')));
      const [{ spki }] = keys.filter(({ label }) => label === name);
      assert.ok(Buffer.from(spki, 'base64').subarray(-64).equals(point), name);
    }
  }

  it('asks once for wraps and imports; a no leaves the vault as it was; the report is saved', async () => {
    const { visitor, number } = await atPlan('tenant');
    await (await visitor.wait('#plan-import')).click();
    await visitor.check('batch-plan-import');
    await visitor.press(`Wrap and import these ${TENANTS} keys`);
    const asked = await bridge.answer('n');
    for (const said of [`Wrap and import these ${TENANTS} keys?`, 'Sign-in', 'practice only'])
      assert.ok(asked.includes(said), `${said} is not asked in ${asked}`);
    assert.ok(asked.replace(/\s+/g, '').includes(number), asked);
    await visitor.wait('[data-code=approval-refused]');
    await visitor.reads('h1', 'Nothing is in the vault yet');
    assert.equal(await versions('tenant-1'), 0);
    await visitor.reload();
    await visitor.reads('h1', 'Nothing is in the vault yet');

    await visitor.press('Go on');
    // It waits for a second: who looks only after the answer may come too late.
    const [again] = await Promise.all([bridge.answer('y'), visitor.wait('[data-code=waiting]')]);
    assert.ok(again.includes('Wrap and import'), 'what was wanted is wanted still');
    await visitor.wait('[data-state=done]');
    await visitor.reads('h1', `All ${TENANTS} keys are in the vault`);
    await arrived('tenant', 1);
    await visitor.check('batch-imported');

    const folder = join(bridge.state, 'batches', number);
    await visitor.reads('[data-state=done]', 'On the machine where keyferry runs');
    const told = (await visitor.text('[data-state=done]')).replace(/\s+/g, '');
    assert.ok(told.includes(folder), told);
    const receipts = readdirSync(folder).filter((name) => name.endsWith('.receipt.json'));
    assert.equal(receipts.length, TENANTS);
    for (const name of receipts) {
      const receipt = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      assert.equal(receipt.import.verification.public_key, 'equal', name);
    }
    await visitor.press('Save the report');
    const saved = await visitor.downloaded(`keyferry-batch-${number.slice(0, 8)}.html`);
    const report = readFileSync(saved, 'utf8');
    assert.equal(report, readFileSync(join(folder, 'batch-report.html'), 'utf8'));
    assert.ok(report.includes('tenant-12') && !/<script/i.test(report));

    // The tab keeps where they are over a reload, until other keys are chosen.
    await visitor.reload();
    await visitor.wait('[data-state=done]');
    await visitor.press('More keys');
    await visitor.wait('kf-choose');
    await visitor.reload();
    await visitor.wait('kf-choose');
    await visitor.leave();
  });

  it('says how many names are taken, and wraps alone where no import was chosen', async () => {
    // Other tags make another plan of the same keys.
    const { visitor } = await atPlan('tenant', 'again=1');
    await (await visitor.wait('#plan-import')).click();
    await visitor.press('Wrap and import');
    const asked = await bridge.answer('y');
    assert.match(asked, new RegExp(`${TENANTS} of the names are in their vaults already`));
    await visitor.reads('h1', `All ${TENANTS} keys are in the vault`);
    await arrived('tenant', 2);
    await visitor.press('More keys');
    await visitor.plan(TENANTS, 'later');
    assert.equal(await visitor.page.$eval('#plan-import', (box) => box.checked), false);
    await visitor.press(`Wrap these ${TENANTS} keys`);
    const wrapping = await bridge.answer('y');
    assert.ok(!/import/i.test(wrapping), wrapping);
    await visitor.reads('h1', `All ${TENANTS} keys are wrapped`);
    assert.equal(await versions('later-1'), 0);
    await visitor.leave();
  });

  it('a plan that is done is done: nobody is asked again, and what was left out is not said to be there', async () => {
    const prompts = bridge.screen.length;
    const { visitor } = await atPlan('tenant');
    await visitor.press(`Wrap these ${TENANTS} keys`);
    await visitor.reads('h1', `All ${TENANTS} keys are in the vault`);
    await visitor.press('More keys');
    await visitor.plan(TENANTS, 'later');
    await (await visitor.wait('#plan-import')).click();
    await visitor.press('Wrap and import');
    await visitor.reads('[data-code=batch-not-imported]', 'without being imported');
    await visitor.reads('h1', `All ${TENANTS} keys are wrapped`);
    await visitor.check('batch-not-imported');
    assert.equal(bridge.screen.slice(prompts).includes('[y/N'), false);
    await arrived('tenant', 2);
    assert.equal(await versions('later-1'), 0);
    await visitor.leave();
  });

  it('a yes to the wraps is none to the imports; one to both stands over a stop and a reload', async () => {
    const { visitor, number } = await atPlan('apart');
    await visitor.press(`Wrap these ${TENANTS} keys`);
    await bridge.question();
    // It is stopped before the answer: the yes stands, and nothing is begun.
    await visitor.stop();
    bridge.type('y\n');
    await visitor.wait('[data-state=ready]');
    const order = visitor.page.evaluate(async (hash) => {
      const { batch } = document.querySelector('kf-app').flow;
      await batch.run({ hash, import: true });
      return batch.problem?.code ?? null;
    }, number);
    const asked = await bridge.question();
    assert.ok(asked.includes(`Wrap and import these ${TENANTS} keys?`), asked);
    bridge.type('n\n');
    assert.equal(await order, 'approval-refused');
    assert.equal(await versions('apart-1'), 0);

    await visitor.press('Go on');
    await bridge.question();
    await visitor.stop();
    bridge.type('y\n');
    await visitor.wait('[data-state=ready]');
    await visitor.reload();
    await visitor.reads('#unfinished ~ ul', `${TENANTS} of ${TENANTS} keys left`);
    await visitor.reads('#unfinished ~ ul', 'to be imported');
    const prompts = bridge.screen.length;
    await visitor.press('Go on with it');
    await visitor.reads('h1', `All ${TENANTS} keys are in the vault`);
    assert.equal(bridge.screen.slice(prompts).includes('[y/N'), false, 'the yes stood');
    await arrived('apart', 1);
    await visitor.leave();
  });
});
