// Measures what the product promises, on the release binary and in real browsers, and prints each
// number with how it was measured. The same goes as JSON to target/bench/numbers.json.
// Run by `make bench`, which builds everything first.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { attestationTime } from './attestation-time.mjs';
import { doctorTime } from './doctor-time.mjs';
import { memory } from './memory.mjs';
import { pageWeight } from './page-weight.mjs';
import { startTime } from './start-time.mjs';
import { table } from './table.mjs';
import { transferTime } from './transfer-time.mjs';
import { verdictTime } from './verdict-time.mjs';
import { wrapLatency } from './wrap-latency.mjs';

const root = new URL('../../', import.meta.url).pathname;
const binary = join(root, 'target/release/keyferry');
const folder = join(root, 'target/bench');
const state = await mkdtemp(join(tmpdir(), 'keyferry-bench-'));
// A place to ask at, without which the bridge starts locked. Nothing is asked while numbers are taken.
await writeFile(join(state, 'config.toml'), 'pinentry = "/usr/bin/true"\n');

const measures = [
  () => pageWeight(binary, state),
  () => startTime(binary, state),
  () => doctorTime(binary, state),
  () => memory(binary, state),
  () => wrapLatency(join(root, 'target/release')),
  () => transferTime(binary, state),
  () => attestationTime(root),
  () => verdictTime(binary, state, 'chromium'),
  () => verdictTime(binary, state, 'firefox'),
];

const numbers = [];
try {
  for (const measure of measures) numbers.push(...(await measure()));
} finally {
  await rm(state, { recursive: true, force: true });
}

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'numbers.json'), `${JSON.stringify({ machine, numbers }, null, 2)}\n`);
console.log(table(machine, numbers));
process.exitCode = numbers.every(({ value, limit }) => limit === null || value <= limit) ? 0 : 1;
