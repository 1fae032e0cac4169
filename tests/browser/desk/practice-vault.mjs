// A practice vault in a process of its own, which does wrong what it is told to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:https';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
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

  /** What the vault answers to a plain request, by none of our code. */
  async get(path) {
    // Its certificate is of a CA that ends with it; what is read here is no secret.
    const options = { headers: { Authorization: 'Bearer any' }, rejectUnauthorized: false };
    const asked = get(`${this.url}${path}?api-version=7.4`, options);
    const [answer] = await once(asked, 'response');
    return json(answer);
  }

  async stop() {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}
