// Switches off one defence at a time on a copy of the tree, and expects the test that is named to fail.
// `node run.mjs` runs all; further words run those whose file name holds one of them.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRATCH = join(ROOT, 'target/mutations');
const TREE = join(SCRATCH, 'tree');
const TARGET = join(SCRATCH, 'target');

/** A mutation's file: `name: value` lines, then the text as it is and as it becomes, between marks. */
function read(file) {
  const text = readFileSync(file, 'utf8');
  const [head, ...edits] = text.split(/^--- was\n/m);
  const fields = Object.fromEntries(
    head
      .trim()
      .split('\n')
      .map((line) => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)];
      }),
  );
  const [was, becomes] = (edits[0] ?? '').split(/^--- becomes\n/m);
  return { ...fields, was: was?.replace(/\n$/, ''), becomes: becomes?.replace(/\n$/, '') };
}

/** The tree as Git knows it, what is not committed included; times kept, so that little is built anew. */
function copyTree() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: ROOT,
  });
  for (const name of listed.toString().split('\0').filter(Boolean)) {
    const from = join(ROOT, name);
    const to = join(TREE, name);
    if (!existsSync(from) || !lstatSync(from).isFile()) continue;
    if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) continue;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { preserveTimestamps: false });
  }
  // What the build of the program takes of the page, where there is one.
  for (const built of ['web/dist']) {
    if (existsSync(join(ROOT, built)))
      cpSync(join(ROOT, built), join(TREE, built), { recursive: true });
  }
}

/** The dependencies as they were built; hard links, since nothing writes into them. */
function copyTarget() {
  if (existsSync(TARGET)) return;
  mkdirSync(join(TARGET, 'debug'), { recursive: true });
  for (const folder of ['deps', 'build', '.fingerprint']) {
    const from = join(ROOT, 'target/debug', folder);
    if (existsSync(from)) spawnSync('cp', ['-al', from, join(TARGET, 'debug')]);
  }
  // Those of this workspace are of another place.
  spawnSync(
    'sh',
    ['-c', 'rm -rf debug/.fingerprint/keyferry* debug/build/keyferry* debug/deps/*keyferry*'],
    { cwd: TARGET },
  );
}

/** Runs a test: `passed`, `failed`, or why it is neither. */
function run(command) {
  const ended = spawnSync('sh', ['-c', command], {
    cwd: TREE,
    env: { ...process.env, CARGO_TARGET_DIR: TARGET, CARGO_TERM_COLOR: 'never' },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const said = `${ended.stdout}\n${ended.stderr}`;
  if (!command.includes('cargo ')) return ended.status === 0 ? 'passed' : 'failed';
  if (/^test result: FAILED\./m.test(said)) return 'failed';
  const counted = [...said.matchAll(/^test result: ok\. (\d+) passed/gm)];
  if (ended.status === 0 && counted.some(([, count]) => Number(count) > 0)) return 'passed';
  if (ended.status === 0) return 'no such test';
  const why = said.split('\n').find((line) => /^error/.test(line));
  return `broken (${why ?? `exit ${ended.status}`})`;
}

/** One mutation: the test passes on the tree as it is (once for each test), and fails with the defence off. */
function prove(mutation, whole) {
  const file = join(TREE, mutation.file);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const parts = text.split(mutation.was);
  if (!mutation.was || parts.length !== 2) return 'STALE: its text is not there once';
  if (!whole.has(mutation.test)) whole.set(mutation.test, run(mutation.test));
  if (whole.get(mutation.test) !== 'passed')
    return `UNSOUND: with the defence on, ${whole.get(mutation.test)}`;
  writeFileSync(file, parts.join(mutation.becomes));
  try {
    const outcome = run(mutation.test);
    if (outcome === 'failed') return 'failed as it must';
    return outcome === 'passed' ? 'NOT SEEN: the test passes' : outcome.toUpperCase();
  } finally {
    writeFileSync(file, text);
  }
}

const words = process.argv.slice(2);
const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.mutation'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort();
copyTree();
copyTarget();
const whole = new Map();
const rows = [];
for (const name of names) {
  const mutation = read(join(folder, name));
  const began = Date.now();
  const outcome = prove(mutation, whole);
  const seconds = Math.round((Date.now() - began) / 1000);
  rows.push({ point: mutation.point, defence: mutation.defence, test: mutation.test, outcome });
  process.stdout.write(
    `${outcome === 'failed as it must' ? 'ok  ' : 'BAD '} ${name.padEnd(34)} ${String(seconds).padStart(4)} s  ${outcome}\n`,
  );
}
process.stdout.write('\n| point | defence | test | with the defence off |\n|---|---|---|---|\n');
for (const row of rows) {
  process.stdout.write(`| ${row.point} | ${row.defence} | \`${row.test}\` | ${row.outcome} |\n`);
}
const bad = rows.filter((row) => row.outcome !== 'failed as it must').length;
process.stdout.write(`\n${rows.length - bad} passed, ${bad} failed\n`);
process.exitCode = bad > 0 || rows.length === 0 ? 1 : 0;
