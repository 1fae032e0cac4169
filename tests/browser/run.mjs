// Runs every test file, one after the other, and closes with the count.
import { readdirSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const only = process.argv.slice(2);
const files = readdirSync(here)
  .filter(
    (name) =>
      name.endsWith('.test.mjs') && (only.length === 0 || only.some((word) => name.includes(word))),
  )
  .map((name) => here + name);

const count = { passed: 0, failed: 0 };
// A suite is no test; a file that fails by itself (it did not even load) is one.
const isTest = ({ details }) => details?.type !== 'suite';
const events = run({ files, concurrency: 1 })
  .on('test:pass', (event) => {
    if (isTest(event)) count.passed++;
  })
  .on('test:fail', (event) => {
    if (isTest(event)) count.failed++;
  });
events.compose(new spec()).pipe(process.stdout);
// Until the end was seen, nothing has passed.
process.exitCode = 1;
events.on('end', () => {
  process.on('exit', () =>
    process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`),
  );
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
});
