import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { median, rounded } from './median.mjs';

const RUNS = 9;
const LIMIT_MS = 10;

/** What a whole transfer costs besides HSM, vault, people and the disk's own time. */
export async function transferTime(binary, state) {
  const flags = ['--state', state, '--json'];
  const json = async (...verb) => {
    const child = spawn(binary, [...verb, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    const pieces = [];
    child.stdout.on('data', (piece) => pieces.push(piece));
    child.stderr.resume();
    const [code] = await once(child, 'close');
    const text = Buffer.concat(pieces).toString();
    if (code !== 0) throw new Error(`${verb.join(' ')}: exit ${code}: ${text}`);
    return JSON.parse(text);
  };

  const vault = spawn(binary, ['vault', 'practice', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface({ input: vault.stdout }), 'line');
    const { url } = JSON.parse(line);
    await json('keygen', '--kind', 'P-256', '--label', 'bench-transfer');
    await json('vault', 'kek', 'create', '--vault', url, '--name', 'KEK', '--size', '2048');
    const times = [];
    for (let run = 0; run < RUNS; run += 1) {
      const report = await json(
        'transfer', '--key', 'bench-transfer', '--vault', url, '--kek', 'KEK', '--yes', '--name', `k${run}`,
      );
      if (!report.holds) throw new Error('a transfer that did not hold');
      times.push(report.times);
    }
    const middle = (whose) => rounded(median(times.map((time) => time[whose])));
    const how = `transfer of P-256 to a practice vault, median of ${RUNS}`;
    return [
      {
        what: 'transfer, own time',
        value: middle('own'),
        unit: 'ms',
        limit: LIMIT_MS,
        how: `${how}; all but HSM (${middle('hsm')} ms), vault (${middle('vault')} ms) and disk`,
      },
      {
        what: 'transfer, disk',
        value: middle('disk'),
        unit: 'ms',
        limit: null,
        how: `${how}; until record, state and files are on disk and not only in its cache`,
      },
    ];
  } finally {
    vault.kill('SIGINT');
    await once(vault, 'close');
  }
}
