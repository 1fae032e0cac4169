import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median, rounded } from './median.mjs';

const RUNS = 60;

/** What the verification of an attestation costs: natively, and in the page's WebAssembly where a real one is at hand. */
export async function attestationTime(root) {
  const native = Number(execFileSync(join(root, 'target/release/attestation-time'), { encoding: 'utf8' }));
  const numbers = [
    {
      what: 'attestation, native',
      value: native,
      unit: 'ms',
      limit: 3,
      how: 'the whole verification under a synthetic root, bundle of four certificates, median of 500',
    },
  ];
  const samples = process.env.KEYFERRY_SAMPLES;
  if (samples === undefined) {
    console.log('attestation in WebAssembly: not measured, KEYFERRY_SAMPLES names no real one and the page trusts no other');
    return numbers;
  }
  const times = await inWebAssembly(root, join(samples, 'attestation/azure-mhsm/uksouth-attestation.json'));
  numbers.push({
    what: 'attestation, WebAssembly',
    value: rounded(median(times)),
    unit: 'ms',
    limit: 20,
    how: `the page's own module in Node, a real Managed HSM's attestation, median of ${RUNS}; first ${rounded(times[0])} ms`,
  });
  return numbers;
}

async function inWebAssembly(root, file) {
  const wasm = await module(root, 'keyferry_wasm');
  const verifier = await module(root, 'attestation/keyferry_attestation');
  const document = await readFile(file);
  const { key, attributes } = JSON.parse(document);
  // The sample's key does more than import, and its name was changed after it was signed: the KEK is made of its numbers.
  const blob = Buffer.from(attributes.attestation.privateKeyAttestation, 'base64url').toString('latin1');
  const [path] = /\/keys\/[\w-]+\/[0-9a-f]{32}/.exec(blob);
  const kek = JSON.stringify({
    attributes: { enabled: true },
    key: { ...key, kid: `https://sample.managedhsm.azure.net${path}`, key_ops: ['import'] },
  });
  const now = Date.now() / 1000;
  const examination = wasm.examineKek(new TextEncoder().encode(kek), undefined, now, undefined);
  const times = [];
  for (let run = 0; run < RUNS; run += 1) {
    const begun = performance.now();
    const { modulus, exponentBytes, signedPath } = examination;
    const verdict = JSON.parse(verifier.verifyAttestation(document, modulus, exponentBytes, signedPath, now));
    times.push(performance.now() - begun);
    if (verdict.key.verdict !== 'made-inside') throw new Error(verdict.key.why);
  }
  return times;
}

/** One of the page's modules, started. */
async function module(root, name) {
  const glue = await import(join(root, `web/src/pkg/${name}.js`));
  glue.initSync({ module: await readFile(join(root, `web/src/pkg/${name}_bg.wasm`)) });
  return glue;
}
