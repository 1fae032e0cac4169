import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../browser/desk/browsers.mjs';
import { kekDocument } from './kek-drop.mjs';

const LIMIT_MS = 2;
const LIMIT_RATIO = 3;
const KID = `https://keyferry-bench.vault.azure.net/keys/kek/${'0'.repeat(32)}`;

/** The verdict on a KEK and the inspection of a file: WebAssembly in the browsers, against the same code native. */
export async function wasmTime(root, folder) {
  const inputs = await mkdtemp(join(tmpdir(), 'keyferry-wasm-'));
  try {
    const [kek, file] = [join(inputs, 'kek.json'), join(inputs, 'key.byok')];
    await writeFile(kek, kekDocument());
    await writeFile(file, transferFile());
    const native = () => JSON.parse(execFileSync(join(folder, 'bench'), ['native', kek, file], { encoding: 'utf8' }));
    const given = {
      glue: await readFile(join(root, 'web/src/pkg/keyferry_wasm.js'), 'utf8'),
      wasm: await readFile(join(root, 'web/src/pkg/keyferry_wasm_bg.wasm'), 'base64'),
      kek: await readFile(kek, 'base64'),
      file: await readFile(file, 'base64'),
    };
    const numbers = [];
    for (const name of ['chromium', 'firefox']) {
      const before = native();
      const took = await inBrowser(name, given);
      for (const [what, title] of [
        ['verdict', 'KEK verdict'],
        ['inspection', 'blob inspection'],
      ]) {
        const { warm, first } = took[what];
        const how = 'a 4096-bit KEK, or the file of an RSA-2048 key';
        numbers.push(
          number(`${title}, WASM in ${name}`, warm, 'ms', LIMIT_MS, `${how}; median of 30 series of 200 calls after two seconds of them, when the browser has compiled for speed`),
          number(`${title}, WASM in ${name}, first`, first, 'ms', null, 'the first call after the module was compiled'),
          number(`${title}, native`, before[what], 'ms', LIMIT_MS, `${how}; median of 300, just before ${name}`),
          number(`${title}, ${name} to native`, warm / before[what], '×', LIMIT_RATIO, 'of the two, warm'),
        );
      }
    }
    return numbers;
  } finally {
    await rm(inputs, { recursive: true, force: true });
  }
}

function number(what, value, unit, limit, how) {
  return { what, value: Number(value.toPrecision(3)), unit, limit, least: null, how };
}

async function inBrowser(name, given) {
  const isolated = await isolatedPage();
  const launched = await launch(name);
  try {
    const page = await launched.browser.newPage();
    await page.goto(`http://localhost:${isolated.address().port}/`);
    return await page.evaluate(measure, given);
  } finally {
    await launched.close();
    isolated.close();
  }
}

/** An empty page, isolated from other origins: anywhere else Firefox rounds its clock to a millisecond, here to 20 µs. */
async function isolatedPage() {
  const server = createServer((_, answer) => {
    answer.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    answer.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    answer.setHeader('Content-Type', 'text/html');
    answer.end('<!doctype html><title>empty</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Runs in the isolated page: browsers round their clocks, so that a series of calls is timed and not one. */
async function measure({ glue, wasm, kek, file }) {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([glue], { type: 'text/javascript' }));
  const module = await import(address);
  await module.default({ module_or_path: bytes(wasm) });
  if (!crossOriginIsolated) throw new Error('the clock is too coarse: the page is not isolated');
  const [document, blob] = [bytes(kek), bytes(file)];
  const time = (work) => {
    const begun = performance.now();
    work();
    const first = performance.now() - begun;
    while (performance.now() < begun + 2000) for (let call = 0; call < 100; call += 1) work();
    const series = [];
    for (let one = 0; one < 30; one += 1) {
      const from = performance.now();
      for (let call = 0; call < 200; call += 1) work();
      series.push((performance.now() - from) / 200);
    }
    series.sort((a, b) => a - b);
    return { warm: (series[14] + series[15]) / 2, first };
  };
  return {
    verdict: time(() => {
      const examination = module.examineKek(document);
      if (!examination.verdict.admitted) throw new Error('the KEK was not admitted');
      examination.free();
    }),
    inspection: time(() => {
      if (!module.inspectBlob(blob)) throw new Error('nothing was said of the file');
    }),
  };
}

/** A file of the right form and lengths; nobody can open it. */
function transferFile() {
  return JSON.stringify({
    schema_version: '1.0.0',
    header: { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: randomBytes(512 + 1224).toString('base64url'),
    generator: 'bench',
  });
}
