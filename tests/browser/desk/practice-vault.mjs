// A practice vault in a process of its own, which does wrong what it is told to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { BINARY } from './bridge.mjs';

export class PracticeVault {
  #child;

  /** Starts on the state folder of a bridge, which then knows it. `faults` as `vault practice --fault` takes them. */
  static async start(state, faults) {
    const vault = new PracticeVault();
    const words = ['--state', state, 'vault', 'practice', '--fault', faults];
    vault.#child = spawn(BINARY, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: vault.#child.stdout });
    for await (const line of lines) {
      const [url] = /https:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (!url) continue;
      vault.url = url;
      return vault;
    }
    throw new Error('the practice vault did not start');
  }

  async stop() {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}
