import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The worker's time for a wrap against the bare C_ calls; measured by a program that stands beside the release binary. */
export function wrapLatency(folder) {
  const numbers = execFileSync(join(folder, 'wrap-latency'), { encoding: 'utf8' });
  return JSON.parse(numbers);
}
