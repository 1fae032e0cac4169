// Pages of others, in the same browser: whatever they try, the bridge refuses and nothing is changed.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Bridge, keyferry, stateFolder } from './desk/bridge.mjs';
import { inEachBrowser } from './desk/suite.mjs';

const NAME = 'evil.example';

/** A name of the attacker's that leads to this machine: what DNS rebinding comes to. */
const REBOUND = {
  args: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`, '--no-proxy-server'],
  preferences: { 'network.dns.localDomains': NAME, 'network.proxy.type': 0 },
};

inEachBrowser(
  'other pages',
  (launched) => {
    let bridge;
    let stranger;
    let secret;

    before(async () => {
      const state = stateFolder();
      keyferry(state, 'keygen', '--kind', 'P-256', '--label', 'not theirs');
      bridge = new Bridge(state, 'serve --software-token --pin-source prompt');
      await bridge.address();
      secret = bridge.url.split('=')[1];
      stranger = createServer((_, answer) => {
        answer.setHeader('content-type', 'text/html');
        answer.end('<!doctype html><title>a stranger</title><body></body>');
      });
      await new Promise((listening) => stranger.listen(0, '127.0.0.1', listening));
    });
    after(async () => {
      stranger?.close();
      await bridge?.stop();
    });

    const record = () => {
      const folder = join(bridge.state, 'audit');
      return readdirSync(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('');
    };
    const session = async () => {
      const headers = { authorization: `Bearer ${secret}` };
      return (await fetch(`${bridge.origin}/v1/session`, { headers })).json();
    };

    /** The record, the session and the screen are the same after `work` as before it. */
    async function changingNothing(work) {
      const [lines, was] = [record(), await session()];
      assert.ok(lines.includes('serve-start'), 'the record is being read');
      assert.equal(was.unlocked, false);
      await work();
      await pause(300);
      assert.equal(record(), lines);
      assert.deepEqual(await session(), was);
      assert.ok(!bridge.screen.includes('[y/N]'), bridge.screen);
      assert.ok(!bridge.screen.includes('PIN of'), bridge.screen);
    }

    // Another port is another origin of the same site; another name is another site as well.
    for (const host of ['127.0.0.1', 'localhost']) {
      it(`a page at ${host} tries everything a page can`, async () => {
        await changingNothing(async () => {
          const page = await launched.browser.newPage();
          await page.goto(`http://${host}:${stranger.address().port}/`);
          const tried = await page.evaluate(attack, bridge.origin, secret);
          for (const [way, outcome] of Object.entries(tried)) {
            assert.match(outcome, /^(refused|opaque|nothing heard)/, `${way}: ${outcome}`);
          }
          assert.equal(Object.keys(tried).length, 12);
          // Framed by nobody: what is in the frame is not the page.
          for (const frame of page.frames().slice(1)) {
            const shows = await frame
              .evaluate(() => document.querySelector('[data-screen], kf-app') !== null)
              .catch(() => false);
            assert.equal(shows, false, frame.url());
          }
          await page.close();
        });
      });
    }

    it('a name that was rebound to this machine reaches neither page nor routes', async () => {
      await changingNothing(async () => {
        const { port } = new URL(bridge.origin);
        const page = await launched.browser.newPage();
        const landed = await page.goto(`http://${NAME}:${port}/`);
        assert.equal(landed.status(), 403);
        assert.match(await landed.text(), /host-not-allowed/);
        // The same origin as far as the browser can tell, and even with the secret.
        const codes = await page.evaluate(async (token) => {
          const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
          const asked = [
            ['GET', '/v1/session'],
            ['GET', '/v1/keys'],
            ['POST', '/v1/unlock'],
            ['POST', '/v1/keys'],
            ['POST', '/v1/launch'],
            ['POST', '/v1/seat'],
          ];
          return Promise.all(
            asked.map(async ([method, path]) => {
              const body = method === 'POST' ? '{}' : undefined;
              const answer = await fetch(path, { method, headers, body });
              return `${answer.status} ${(await answer.json()).error.code}`;
            }),
          );
        }, secret);
        assert.deepEqual(codes, Array(6).fill('403 host-not-allowed'));
        await page.close();
      });
    });
  },
  REBOUND,
);

/** Runs in the stranger's page, which has even got hold of the secret. */
async function attack(bridge, secret) {
  const outcomes = {};
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const within = (promise, words) => Promise.race([promise, wait(3000).then(() => words)]);
  const asked = async (way, path, options) => {
    try {
      const answer = await fetch(bridge + path, options);
      outcomes[way] = answer.type === 'opaque' ? 'opaque' : `read ${answer.status}`;
    } catch {
      outcomes[way] = 'refused';
    }
  };
  const simple = { 'Content-Type': 'text/plain' };
  const json = { 'Content-Type': 'application/json' };
  const bearer = { Authorization: `Bearer ${secret}` };
  await asked('fetch, cors', '/v1/session', {});
  await asked('fetch, cors, with the secret', '/v1/session', { headers: bearer });
  await asked('fetch of a file, cors', '/', {});
  await asked('order, cors, JSON', '/v1/unlock', {
    method: 'POST',
    headers: { ...json, ...bearer },
    body: '{}',
  });
  await asked('order, simple', '/v1/unlock', { method: 'POST', headers: simple, body: '{}' });
  await asked('order, no-cors', '/v1/unlock', {
    method: 'POST',
    mode: 'no-cors',
    headers: simple,
    body: '{}',
  });
  await asked('read, no-cors', '/v1/keys', { mode: 'no-cors' });

  const loads = (element, source) =>
    within(
      new Promise((done) => {
        element.onload = () => done('loaded');
        element.onerror = () => done('refused');
        element.src = source;
        document.body.append(element);
      }),
      'nothing heard',
    );
  outcomes.image = await loads(document.createElement('img'), `${bridge}/icon.svg`);
  outcomes.script = await loads(document.createElement('script'), `${bridge}/v1/keys`);

  outcomes.websocket = await within(
    new Promise((done) => {
      const socket = new WebSocket(`${bridge.replace('http', 'ws')}/v1/session`);
      socket.onopen = () => done('open');
      socket.onerror = () => done('refused');
    }),
    'nothing heard',
  );

  let heard = 'nothing heard';
  addEventListener('message', () => {
    heard = 'a message';
  });
  // A form in a frame, as text: the classic of cross-site forgery.
  const frame = document.createElement('iframe');
  frame.name = 'target';
  document.body.append(frame);
  const form = document.createElement('form');
  Object.assign(form, {
    action: `${bridge}/v1/unlock`,
    method: 'post',
    enctype: 'text/plain',
    target: 'target',
  });
  const field = document.createElement('input');
  Object.assign(field, { name: '{"a":"', value: '"}' });
  form.append(field);
  document.body.append(form);
  form.submit();
  await wait(500);

  const framed = document.createElement('iframe');
  framed.src = `${bridge}/#token=${secret}`;
  document.body.append(framed);
  await wait(1000);
  for (const view of [frame, framed]) view.contentWindow?.postMessage({ unlock: true }, '*');
  await wait(200);
  outcomes.frames = heard;

  // A window of its own: isolation cuts it off from who opened it.
  const opened = window.open(`${bridge}/`, '_blank');
  await wait(1000);
  try {
    opened?.postMessage({ unlock: true }, '*');
  } catch {
    // A window that is cut off may throw here.
  }
  await wait(200);
  outcomes['window and messages'] = heard;
  return outcomes;
}
