// Two persons for one wrap, and for one plan: the page says who is asked, and neither of them is asked in it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { Kek } from './desk/openssl.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

const SECRET = 'the second person';
/** Of `SECRET`; the other one's is of something else. */
const KIM =
  '$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$FIRhE9q7dbepQkUKmkNXXq7sfg8dkX/8/6TqcSoFc0U';
const DANA =
  '$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBubw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const POLICY = `[[rule]]
name = 'payroll'
key_labels = ['payroll*']
second_approver = ['Dana', 'Kim']
[[approver]]
name = 'Dana'
secret = '${DANA}'
[[approver]]
name = 'Kim'
secret = '${KIM}'
`;

inEachBrowser('second person', (launched) => {
  let kek;
  let bridge;
  before(async () => {
    kek = new Kek(2048);
    const state = stateFolder();
    for (const label of ['payroll-1', 'payroll-2', 'another'])
      keyferry(state, 'keygen', '--kind', 'P-256', '--label', label);
    const policy = join(state, 'policy.toml');
    writeFileSync(policy, POLICY, { mode: 0o600 });
    bridge = new Bridge(state, `serve --software-token --offline --policy '${policy}'`);
    await bridge.address();
  });
  after(async () => {
    await bridge?.stop();
    kek?.remove();
  });

  /** A page at the review of a key. */
  async function atReview(label) {
    const visitor = await atVerdict();
    await visitor.press('Continue');
    await visitor.review(label);
    return visitor;
  }

  async function atVerdict() {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    return visitor;
  }

  /** The stages on the screen, as `stage state`. */
  function stages(visitor) {
    return visitor.page.$$eval('.stage', (rows) =>
      rows.map((row) => `${row.dataset.stage} ${row.dataset.state}`),
    );
  }

  it('has a row of their own once they are asked, and the record and its printed line have the name', async () => {
    const visitor = await atReview('payroll-1');
    await visitor.press('Wrap this key');
    await bridge.question();
    await visitor.wait('[data-stage=approving][data-state=now]');
    assert.ok(
      !(await stages(visitor)).some((row) => row.startsWith('second')),
      'nobody is told early',
    );
    bridge.type('y\n');
    await visitor.wait('[data-stage=second-approving][data-state=now]');
    const rows = await stages(visitor);
    const at = rows.indexOf('second-approving now');
    assert.deepEqual(rows.slice(at - 1, at + 2), [
      'approving done',
      'second-approving now',
      'recording later',
    ]);
    await visitor.reads('.box-look', 'a second approver, who answers in the terminal');
    await visitor.check('second-approving');
    await bridge.second(SECRET);
    await visitor.screen('deliver');

    await visitor.press('Record');
    const lines = await visitor.page
      .waitForSelector('.record-line')
      .then(() => visitor.text('.record-lines'));
    assert.equal(lines.match(/Second approver\s+Kim/g)?.length, 2, 'the intent and the outcome');
    const last = keyferry(bridge.state, 'audit', 'list').lines.at(-1);
    assert.equal(last.event, 'wrap-outcome');
    await visitor.check('record-second');
    await visitor.press(`Page to print of line ${last.seq}`);
    const page = readFileSync(await visitor.downloaded(`keyferry-record-${last.seq}.html`), 'utf8');
    assert.match(page, /Second approver<\/th>\s*<td[^>]*>Kim</);
    for (const place of [await visitor.page.content(), page, bridge.screen])
      assert.ok(!place.includes(SECRET));
    await visitor.leave();
  });

  it('a wrong secret stops it at their row: no file, and the reason with the rule', async () => {
    const visitor = await atReview('payroll-2');
    await visitor.press('Wrap this key');
    await bridge.answer('y');
    await visitor.wait('[data-stage=second-approving][data-state=now]');
    await bridge.second('the first person');
    await visitor.wait('[data-stage=second-approving][data-state=failed]');
    await visitor.reads('[data-code=second-approver-refused]', 'rule payroll');
    await visitor.reads('h1', 'was not wrapped');
    await visitor.check('second-refused');
    const last = keyferry(bridge.state, 'audit', 'list').lines.at(-1);
    assert.deepEqual([last.outcome, last.code], ['refused', 'second-approver-refused']);
    await visitor.leave();
  });

  it('another key has no such row', async () => {
    const visitor = await atReview('another');
    await visitor.press('Wrap this key');
    await bridge.answer('y');
    await visitor.screen('deliver');
    const last = keyferry(bridge.state, 'audit', 'list').lines.at(-1);
    assert.deepEqual([last.outcome, last.second_approver], ['done', undefined]);
    await visitor.leave();
  });

  it('is asked once for a whole plan, and a wrong secret wraps none of it', async () => {
    const visitor = await atVerdict();
    await visitor.manyKeys();
    await visitor.plan(3);
    await visitor.press('Wrap these 3 keys');
    await bridge.question();
    await visitor.wait('[data-state=approving]');
    await visitor.reads('.box-look', "Compare the plan's number");
    bridge.type('y\n');
    await visitor.wait('[data-state=second-approving]');
    await visitor.reads('.box-look', 'a second approver, who answers in the terminal');
    await visitor.check('batch-second-approving');
    await bridge.second('the first person');
    await visitor.wait('[data-code=second-approver-refused]');
    await visitor.reads('h1', 'Nothing was wrapped');
    assert.deepEqual(files(), []);

    await visitor.press('Go on');
    await bridge.answer('y');
    await bridge.second(SECRET);
    await visitor.wait('[data-state=done]');
    await visitor.reads('h1', 'All 3 keys are wrapped');
    assert.equal(files().length, 3);
    const plans = keyferry(bridge.state, 'audit', 'list').lines.filter(
      ({ event }) => event === 'plan-intent',
    );
    assert.deepEqual(
      plans.map(({ outcome, code, second_approver }) => [outcome, code, second_approver]),
      [
        ['refused', 'second-approver-refused', undefined],
        ['intended', null, 'Kim'],
      ],
    );
    await visitor.press('Record');
    await visitor.page.waitForSelector('.record-line');
    await visitor.reads('.record-lines', 'Second approver');
    await visitor.leave();
  });

  /** The key transfer files of all batches. */
  function files() {
    const batches = join(bridge.state, 'batches');
    if (!existsSync(batches)) return [];
    return readdirSync(batches, { recursive: true }).filter((name) => name.endsWith('.byok'));
  }
});
