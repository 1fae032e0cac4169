// The record as the page shows it: what was really done, whether it holds, and a line to print.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

const LABEL = 'record me <b>\u202e';

inEachBrowser('record', (launched) => {
  const state = stateFolder();
  let bridge;
  before(async () => {
    keyferry(state, 'keygen', '--kind', 'AES-256', '--label', LABEL);
    keyferry(state, 'keygen', '--kind', 'AES-128', '--label', 'another');
    bridge = new Bridge(state, 'serve');
    await bridge.address();
  });
  after(() => bridge?.stop());

  it('shows lines, verdict and head as the command line does, and filters them', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    const { page } = visitor;
    await visitor.press('Record');
    await visitor.screen('record');
    await visitor.wait('.verdict-good[data-intact=true]');
    const head = keyferry(state, 'audit', 'head');
    assert.equal(await visitor.text('.record-head'), `${head.seq}:${head.hash}`);
    const shown = await page.$$eval('.record-line', (lines) =>
      lines.map((line) => line.dataset.seq),
    );
    const all = keyferry(state, 'audit', 'list').lines.map((line) => String(line.seq));
    assert.deepEqual(shown, all.reverse());
    // Outcomes are words, and foreign text is told, not obeyed.
    const lines = await visitor.text('.record-lines');
    assert.match(lines, /Keygen: Done/);
    assert.ok(lines.includes('record me <b>\\u{202e}'), lines);
    await visitor.check('record');

    await visitor.fill('#record-text', 'ANOTHER');
    await visitor.press('Show');
    await page.waitForFunction(() => document.querySelectorAll('.record-line').length === 1);
    assert.match(await visitor.text('.record-lines'), /AES-128/);
    await page.select('#record-outcome', 'failed');
    await visitor.press('Show');
    await page.waitForFunction(() => document.querySelectorAll('.record-line').length === 0);
    await visitor.reads('kf-record', 'No line of the record is like this');
    await visitor.leave();
  });

  it('gives a line as a page to print, without script', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    await visitor.press('Record');
    await visitor.wait('.record-line[data-seq="1"]');
    const [line] = keyferry(state, 'audit', 'list').lines;
    await visitor.press('Page to print of line 1');
    const file = readFileSync(await visitor.downloaded('keyferry-record-1.html'), 'utf8');
    assert.ok(file.includes(line.hash) && file.includes(line.prev));
    assert.ok(!/<script|<b>/i.test(file), file);
    await visitor.leave();
  });

  it('a changed line is shown with its place, and the verdict in words', async () => {
    const log = join(state, 'audit/log.jsonl');
    const whole = readFileSync(log, 'utf8');
    const at = whole.split('\n').findIndex((line) => line.includes('"another"')) + 1;
    writeFileSync(log, whole.replace('"another"', '"renamed"'));
    try {
      const visitor = await Visitor.open(launched, bridge.url);
      await visitor.press('Record');
      await visitor.wait('.verdict-bad[data-intact=false]');
      await visitor.reads('.verdict', 'The record does not hold');
      await visitor.reads('.verdict [data-code=audit-line-changed]', `log.jsonl, line ${at}:`);
      await visitor.check('record-changed');
      await visitor.leave();
    } finally {
      writeFileSync(log, whole);
    }
  });

  it('is not there without a bridge', async () => {
    const visitor = await Visitor.open(launched, `${bridge.origin}/#record`);
    assert.equal(await visitor.screen(), 'connect');
    await visitor.leave();
  });
});
