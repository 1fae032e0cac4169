import { spawnSync } from 'node:child_process';
import { median, rounded } from './median.mjs';

const RUNS = 20;
const LIMIT_MS = 300;
const SELF_TEST_LIMIT_MS = 2000;

/** From spawn to exit of `doctor` on the embedded token, without the self-test and with it. */
export function doctorTime(binary, state) {
  // The first use makes the token.
  timed(binary, ['doctor', '--json', '--state', state]);
  const plain = Array.from({ length: RUNS }, () => timed(binary, ['doctor', '--json', '--state', state]));
  const proven = Array.from({ length: RUNS }, () =>
    timed(binary, ['doctor', '--self-test', '--json', '--state', state]),
  );
  return [
    {
      what: 'doctor',
      value: rounded(median(plain)),
      unit: 'ms',
      limit: LIMIT_MS,
      how: `spawn to exit on the embedded token, logged in, median of ${RUNS}`,
    },
    {
      what: 'doctor --self-test',
      value: rounded(median(proven)),
      unit: 'ms',
      limit: SELF_TEST_LIMIT_MS,
      how: `the same with every candidate proven, median of ${RUNS}; slowest ${rounded(Math.max(...proven))} ms`,
    },
  ];
}

function timed(binary, args) {
  const from = performance.now();
  const { status, stdout } = spawnSync(binary, args, { encoding: 'utf8' });
  const took = performance.now() - from;
  const { strategies } = JSON.parse(stdout);
  const proof = strategies.find(({ listed }) => listed)?.self_test;
  const wanted = args.includes('--self-test') ? 'exact' : 'not-run';
  if (status !== 0 || proof !== wanted) throw new Error(`doctor ended with ${status}, ${proof}`);
  return took;
}
