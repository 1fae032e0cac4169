import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { rounded } from './median.mjs';
import { serve } from './serve.mjs';

const LIMIT_MB = 25;
const SETTLE_MS = 3000;

/** Memory of the bridge and of its worker once nothing happens any more. */
export async function memory(binary, state) {
  const bridge = await serve(binary, state);
  try {
    await bridge.unlock();
    await pause(SETTLE_MS);
    const numbers = [];
    for (const [name, pid, limit] of [
      ['bridge', bridge.pid, LIMIT_MB],
      ...(await children(bridge.pid)).map((child) => ['worker', child, null]),
    ]) {
      const { rss, pss } = await sizes(pid);
      const how = `${SETTLE_MS / 1000} s after start and unlocking, no page open;`;
      numbers.push(
        { what: `memory, ${name}`, value: rss, unit: 'MB', limit, how: `${how} Rss of smaps_rollup` },
        { what: `memory, ${name}, own share`, value: pss, unit: 'MB', limit: null, how: `${how} Pss of smaps_rollup` },
      );
    }
    return numbers;
  } finally {
    await bridge.stop();
  }
}

/** A child belongs to the thread that started it, so every thread is asked. */
async function children(pid) {
  const found = [];
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8');
    found.push(...text.split(' ').filter(Boolean));
  }
  return found;
}

async function sizes(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (name) =>
    rounded(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024);
  return { rss: megabytes('Rss'), pss: megabytes('Pss') };
}
