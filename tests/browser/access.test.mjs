// Who gets in, and what the page may do once it is there.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Bridge, stateFolder } from './desk/bridge.mjs';
import { inEachBrowser } from './desk/suite.mjs';
import { Visitor } from './desk/visitor.mjs';

inEachBrowser('access', (launched) => {
  let bridge;
  before(async () => {
    bridge = new Bridge(stateFolder(), 'serve');
    await bridge.address();
  });
  after(() => bridge?.stop());

  it('without the secret it says how to start the bridge, and asks the bridge for nothing', async () => {
    const visitor = await Visitor.open(launched);
    const asked = [];
    visitor.page.on('request', (sent) => asked.push(new URL(sent.url()).pathname));
    await visitor.go(`${bridge.origin}/`);
    await visitor.reads('[data-screen=connect]', 'keyferry serve');
    assert.deepEqual(
      asked.filter((path) => path.startsWith('/v1')),
      [],
    );
    await visitor.check('no-secret');
    await visitor.leave();
  });

  it('shows which HSM libraries are installed and how to start with one, and loads none', async () => {
    const visitor = await Visitor.open(launched, bridge.url);
    const found = await visitor.text('.found [data-profile=softhsm]');
    assert.match(found, /SoftHSM 2/);
    assert.match(found, /keyferry serve --module \/\S*libsofthsm2\.so/);
    // The token is still the one that the bridge was started with.
    await visitor.reads('[data-screen=connect]', 'Software token');
    await visitor.check('connect-found');
    await visitor.leave();
  });

  it('a secret of another run is refused, and forgotten', async () => {
    const visitor = await Visitor.open(launched, `${bridge.origin}/#token=${'A'.repeat(43)}`);
    await visitor.wait('[data-code=secret-refused]');
    await visitor.reads('[data-screen=connect]', 'keyferry serve');
    assert.equal(await visitor.page.evaluate(() => sessionStorage.length), 0);
    await visitor.check('secret-refused');
    await visitor.leave();
  });

  it('what breaks the page’s policy is blocked, and seen by these tests', async () => {
    const visitor = await Visitor.open(launched, `${bridge.origin}/`);
    await visitor.page.evaluate(async () => {
      document.body.setAttribute('style', 'color: red');
      try {
        document.body.insertAdjacentHTML('beforeend', '<img src=x>');
      } catch {
        // Trusted Types throws here.
      }
      await fetch('http://127.0.0.1:1/').catch(() => undefined);
    });
    await assert.rejects(visitor.leave(), (error) => {
      const reports = error.actual.join('\n');
      for (const directive of ['style-src', 'connect-src', 'require-trusted-types-for']) {
        assert.ok(reports.includes(directive), `no report of ${directive} in ${reports}`);
      }
      return true;
    });
  });

  it('a launch code lets one page in, once', async () => {
    const desktop = mkdtempSync(join(tmpdir(), 'keyferry-desktop-'));
    const opener = join(desktop, 'xdg-open');
    writeFileSync(
      opener,
      `#!/bin/sh\nprintf '%s' "$1" >"${desktop}/part" && mv "${desktop}/part" "${desktop}/opened"\n`,
    );
    chmodSync(opener, 0o755);
    const opened = new Bridge(stateFolder(), 'serve --open', {
      PATH: `${desktop}:${process.env.PATH}`,
    });
    await opened.address();
    try {
      const url = await eventually(() => readFileSync(join(desktop, 'opened'), 'utf8'));
      assert.match(url, /#launch=/);
      assert.ok(!url.includes(opened.url.split('=')[1]), 'the secret itself is in no argument');
      const first = await Visitor.open(launched, url);
      await first.reads('[data-screen=connect]', 'Software token');
      assert.ok(!(await first.page.evaluate(() => location.href)).includes('launch'));
      await first.leave();
      const second = await Visitor.open(launched, url);
      await second.wait('[data-code=launch-code-spent]');
      await second.leave();
    } finally {
      await opened.stop();
      rmSync(desktop, { recursive: true });
    }
  });

  it('a request for another host reaches no route', async () => {
    const { port } = new URL(bridge.origin);
    for (const host of [`localhost:${port}`, 'evil.example', `127.0.0.1.evil.example:${port}`]) {
      const status = await new Promise((resolve, reject) => {
        const sent = request(
          { host: '127.0.0.1', port, path: '/', headers: { Host: host } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          },
        );
        sent.on('error', reject).end();
      });
      assert.ok(status >= 400 && status < 500, `${host}: ${status}`);
    }
  });
});

async function eventually(read) {
  for (let tries = 0; ; tries++) {
    try {
      return read();
    } catch (error) {
      if (tries === 100) throw error;
      await pause(50);
    }
  }
}
