import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What the program that stands beside the release binary measures by one of its verbs. */
export function rust(folder, verb) {
  const numbers = execFileSync(join(folder, 'bench'), [verb], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 24,
  });
  return JSON.parse(numbers);
}
