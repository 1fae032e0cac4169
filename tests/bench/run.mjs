// Measures what the product promises, on the release binary and in real browsers, and prints each number with how it
// was measured. The same goes as JSON to target/bench/numbers.json; a number that is missed makes the exit code 1.
// Run by `make bench`, which builds everything first. `run.mjs NAME…` measures those parts alone.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { attestationTime } from './attestation-time.mjs';
import { doctorTime } from './doctor-time.mjs';
import { memory } from './memory.mjs';
import { pageWeight } from './page-weight.mjs';
import { rust } from './rust.mjs';
import { scrollTime } from './scroll-time.mjs';
import { startTime } from './start-time.mjs';
import { reached, table } from './table.mjs';
import { transferTime } from './transfer-time.mjs';
import { verdictTime } from './verdict-time.mjs';
import { wasmTime } from './wasm-time.mjs';

const root = new URL('../../', import.meta.url).pathname;
const binary = join(root, 'target/release/keyferry');
const folder = join(root, 'target/bench');
const state = await mkdtemp(join(tmpdir(), 'keyferry-bench-'));
// A place to ask at, without which the bridge starts locked. Nothing is asked while numbers are taken.
await writeFile(join(state, 'config.toml'), 'pinentry = "/usr/bin/true"\n');

const beside = join(root, 'target/release');
const parts = {
  weight: [() => pageWeight(binary, state)],
  start: [() => startTime(binary, state)],
  doctor: [() => doctorTime(binary, state)],
  memory: [() => memory(binary, state)],
  wrap: [() => rust(beside, 'wrap')],
  layers: [() => rust(beside, 'layers')],
  audit: [() => rust(beside, 'audit')],
  batch: [() => rust(beside, 'batch')],
  growth: [() => rust(beside, 'growth')],
  axes: [() => rust(beside, 'axes')],
  list: [() => rust(beside, 'list')],
  scroll: [() => scrollTime(binary, beside, 'chromium'), () => scrollTime(binary, beside, 'firefox')],
  transfer: [() => transferTime(binary, state)],
  attestation: [() => attestationTime(root)],
  wasm: [() => wasmTime(root, beside)],
  page: [() => verdictTime(binary, state, 'chromium'), () => verdictTime(binary, state, 'firefox')],
};
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length) {
  console.error(`no such part: ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

const numbers = [];
const failed = [];
try {
  for (const name of asked.length ? asked : Object.keys(parts)) {
    const begun = performance.now();
    for (const measure of parts[name]) {
      try {
        numbers.push(...(await measure()).map((number) => ({ part: name, ...number })));
      } catch (error) {
        // The other parts' numbers are worth having; this one is told, and fails the whole.
        failed.push({ part: name, why: String(error.stderr ?? error.stack ?? error) });
      }
    }
    console.error(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
} finally {
  await rm(state, { recursive: true, force: true });
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.startsWith('run-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}

const said = (...command) => execFileSync(command[0], command.slice(1), { encoding: 'utf8' }).trim();
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
const about = {
  machine,
  memory_mb: Math.round(totalmem() / 2 ** 20),
  system: `Linux ${release()}`,
  file_system: said('stat', '--file-system', '--format=%T', join(root, 'target')),
  token: 'embedded (kryoptic-lib, SQLite), unless a number names another',
  versions: { keyferry: said(binary, '--version'), rustc: said('rustc', '--version'), node: process.version, openssl: said('openssl', 'version') },
};
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'numbers.json'), `${JSON.stringify({ ...about, numbers, failed }, null, 2)}\n`);
console.log(table(machine, numbers));
for (const { part, why } of failed) console.log(`\n${part} FAILED: ${why}`);
process.exitCode = numbers.every(reached) && failed.length === 0 ? 0 : 1;
