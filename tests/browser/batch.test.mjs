// Many keys in the page: chosen in a long list, planned, approved once for exactly that plan, run, gone on with.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { Kek } from './desk/openssl.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

const TENANTS = 12;

inEachBrowser('batch', (launched) => {
  let kek;
  let bridge;
  before(async () => {
    kek = new Kek(2048);
    const state = stateFolder();
    const make = (kind, label) => keyferry(state, 'keygen', '--kind', kind, '--label', label);
    for (let number = 1; number <= TENANTS; number++) make('P-256', `tenant-${number}`);
    // Of these two the names in the vault are one.
    make('AES-256', 'pay roll');
    make('AES-256', 'pay_roll');
    bridge = new Bridge(state, 'serve --software-token --offline');
    await bridge.address();
  });
  after(async () => {
    await bridge?.stop();
    kek?.remove();
  });

  /** A page on the screen of many keys, under an admitted KEK. */
  async function atChoice() {
    const visitor = await Visitor.atKek(launched, bridge.url);
    await visitor.giveKek(kek.file('kek.json', kek.azureJson()));
    await visitor.manyKeys();
    return visitor;
  }

  it('asks for a KEK before it offers keys', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    await visitor.unlock();
    await visitor.press('Many keys');
    await visitor.reads('[data-screen=batch]', 'Which vault are they for?');
    assert.equal(await visitor.page.$('kf-rows'), null);
    await visitor.check('batch-no-kek');
    await visitor.press('To the KEK');
    assert.equal(await visitor.screen('kek'), 'kek');
    await visitor.leave();
  });

  it('chooses by filter and keyboard, and plans: what clashes stays, with the reason', async () => {
    const visitor = await atChoice();
    await visitor.reads('.rows-head', `0 chosen, ${TENANTS + 2} shown of ${TENANTS + 2}`);
    await visitor.page.focus('.rows');
    await visitor.page.keyboard.press('End');
    await visitor.page.keyboard.press(' ');
    await visitor.reads('.rows-head', '1 chosen');
    await visitor.page.keyboard.press('Home');
    await visitor.page.keyboard.press('ArrowDown');
    await visitor.page.keyboard.press(' ');
    await visitor.reads('.rows-head', '2 chosen');
    await visitor.page.keyboard.press(' ');
    await visitor.reads('.rows-head', '1 chosen');
    await visitor.press('Choose none');
    await visitor.page.focus('.rows');
    await visitor.page.keyboard.press('End');
    await visitor.fill('#filter', 'TENANT-1');
    await visitor.reads('.rows-head', `4 shown of ${TENANTS + 2}`);
    // The mark stands on the last of the fewer rows, and so does the keyboard.
    await visitor.page.focus('.rows');
    await visitor.page.keyboard.press(' ');
    await visitor.reads('.rows-head', '1 chosen');
    await visitor.press('Choose none');
    await visitor.fill('#filter', 'nothing is called so');
    await visitor.reads('[data-screen=batch]', 'No key of the token is like this');
    await visitor.page.$eval('#filter', (field) => {
      field.value = '';
      field.dispatchEvent(new Event('input'));
    });
    await visitor.page.select('#filter-kind', 'AES-256');
    await visitor.reads('.rows-head', '2 shown');
    await visitor.press('Choose all 2 shown');
    await visitor.page.select('#filter-kind', '');
    await visitor.check('batch-choice');
    await visitor.press('Make the plan');
    await visitor.reads('h1', 'None of these keys would travel');
    await visitor.reads('#stays', 'Cannot travel (2)');
    await visitor.reads('kf-rows', 'pay roll');
    assert.match(await visitor.text('.row .code'), /name/, 'a clash of names has its code');
    await visitor.reads('.reasons-in-all', 'Give');
    assert.match((await visitor.focused()).text, /travel/, 'reading goes on with the plan');
    await visitor.check('batch-plan-clash');
    await visitor.press('Change the choice');
    await visitor.reads('.rows-head', '2 chosen');
    await visitor.leave();
  });

  it('runs a plan after one yes to the number on the screen; a no wraps nothing; a stop is gone on with', async () => {
    const visitor = await atChoice();
    const number = await visitor.plan(TENANTS, 'tenant', 'source=tests');
    assert.match(number, /^[0-9a-f]{64}$/);
    await visitor.reads('[data-screen=batch] .facts', 'source=tests');
    await visitor.check('batch-plan');
    await visitor.press('Change the choice');
    assert.equal((await visitor.focused()).tag, 'H1');
    assert.equal(await visitor.page.$eval('#batch-tags', (field) => field.value), 'source=tests');
    await visitor.press('Make the plan');
    await visitor.reads('h1', `${TENANTS} keys would travel`);

    await visitor.press(`Wrap these ${TENANTS} keys`);
    const asked = await bridge.answer('n');
    assert.ok(
      asked.replace(/\s+/g, '').includes(number),
      `the question shows the number: ${asked}`,
    );
    await visitor.wait('[data-code=approval-refused]');
    await visitor.reads('h1', 'Nothing was wrapped');
    assert.deepEqual(files(number), []);
    await visitor.check('batch-refused');

    await visitor.press('Go on');
    await visitor.wait('[data-state=approving]');
    await visitor.check('batch-approving');
    // It is stopped before the answer: the yes stands, and nothing is begun.
    await visitor.stop();
    await visitor.reads('[data-stop-asked]', 'nothing will be begun');
    assert.equal((await visitor.focused()).tag, 'H1');
    await bridge.answer('y');
    await visitor.wait('[data-state=ready]');
    await visitor.reads('h1', 'Nothing was wrapped');
    await visitor.check('batch-stopped');
    await visitor.reload();
    await visitor.screen('batch');
    await visitor.reads('#unfinished ~ ul', `${TENANTS} of ${TENANTS} keys left`);
    await visitor.check('batch-unfinished');
    const prompts = bridge.screen.length;
    await visitor.press('Go on with it');
    await visitor.wait('[data-state=done]');
    await visitor.reads('h1', `All ${TENANTS} keys are wrapped`);
    assert.equal(bridge.screen.slice(prompts).includes('[y/N'), false, 'the yes stood');
    await visitor.reads('[data-state=done]', 'batch-report.html');
    await visitor.check('batch-done');

    const made = files(number);
    assert.equal(made.length, TENANTS);
    for (const name of made) {
      const { after: rest } = kek.open(join(folder(number), name));
      assert.equal(rest.length, 0, name);
    }
    assert.ok(existsSync(join(folder(number), 'batch-report.html')));
    const log = readFileSync(join(bridge.state, 'audit/log.jsonl'), 'utf8');
    assert.ok(log.includes(number), 'the record names the plan');
    await visitor.press('More keys');
    await visitor.wait('kf-choose');
    await visitor.leave();
  });

  it('ten thousand keys of which one is to travel: a hundred are shown, and any is found', async () => {
    const visitor = await atChoice();
    await visitor.press('Transfer');
    await visitor.screen('key');
    await visitor.page.evaluate(manyKeys);
    await visitor.reads('[data-screen=key]', 'The first 100 of 10000');
    const shown = () => visitor.page.$$eval('label.key', (rows) => rows.length);
    assert.equal(await shown(), 100);
    await visitor.check('key-many');
    await visitor.fill('#key-filter', 'TENANT-9876');
    await visitor.page.waitForFunction(() => document.querySelectorAll('label.key').length === 1);
    await (await visitor.wait('label.key')).click();
    await visitor.reads('.key-chosen', 'tenant-9876');
    await visitor.fill('#key-filter', 'tenant-1');
    await visitor.reads('.key-chosen', 'tenant-9876');
    assert.equal(await shown(), 101, 'what is chosen stays in sight');
    await visitor.press('Continue');
    await visitor.reads('[data-screen=review]', 'tenant-9876');
    await visitor.leave();
  });

  it('ten thousand keys: only what is in sight is drawn, wherever the list is scrolled', async () => {
    const visitor = await atChoice();
    await visitor.page.evaluate(manyKeys);
    const drawn = await visitor.page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      await frame();
      await frame();
      const box = document.querySelector('.rows');
      const seen = [];
      for (const part of [0, 0.1, 0.5, 0.9, 1]) {
        box.scrollTop = part * (box.scrollHeight - box.clientHeight);
        await frame();
        await frame();
        await frame();
        const { top, bottom } = box.getBoundingClientRect();
        const rows = [...box.querySelectorAll('.row')];
        const inSight = rows.filter((row) => {
          const place = row.getBoundingClientRect();
          return place.bottom > top && place.top < bottom;
        });
        seen.push({
          rows: rows.length,
          covered: inSight.length * inSight[0].offsetHeight >= box.clientHeight,
          last: inSight.at(-1).getAttribute('aria-posinset'),
        });
      }
      return { seen, height: box.scrollHeight };
    });
    for (const { rows, covered } of drawn.seen) {
      assert.ok(rows < 80, `${rows} rows are drawn`);
      assert.ok(covered, JSON.stringify(drawn));
    }
    assert.equal(drawn.seen.at(-1).last, '10000');
    await visitor.press('Choose all 10000 shown');
    await visitor.reads('.rows-head', '10000 chosen');
    await visitor.leave();
  });

  function folder(number) {
    return join(bridge.state, 'batches', number);
  }

  function files(number) {
    if (!existsSync(folder(number))) return [];
    return readdirSync(folder(number)).filter((name) => name.endsWith('.byok'));
  }
});

/** In the page: ten thousand keys, as if the token had them. */
function manyKeys() {
  const { flow } = document.querySelector('kf-app');
  const [model] = flow.keys.keys;
  const keys = Array.from({ length: 10_000 }, (_, i) => ({
    ...model,
    label: `tenant-${i}`,
    id: i.toString(16).padStart(8, '0'),
  }));
  flow.keys = { ...flow.keys, keys };
  flow.changed();
}
