// The real binary, in a terminal of its own, with somebody who answers its prompts.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { remove } from './folders.mjs';

/** The binary under test; the tests' other tools lie beside it. */
export const BINARY =
  process.env.KEYFERRY_BIN ??
  fileURLToPath(new URL('../../../target/debug/keyferry', import.meta.url));
// Of a plan, the list can be read first.
const PROMPT = /\[y\/N(, l to read the list)?\] /;
const PIN_PROMPT = 'PIN of the token ';
const SECOND_PROMPT = 'Secret of the second approver ';

// Without a display the bridge asks in its terminal.
const { DISPLAY, WAYLAND_DISPLAY, KEYFERRY_MODULE, ...environment } = process.env;

/** A state folder, removed at the end. */
export function stateFolder() {
  return mkdtempSync(join(tmpdir(), 'keyferry-state-'));
}

/** Runs a verb to its end and reads its JSON. */
export function keyferry(state, ...args) {
  const output = execFileSync(BINARY, ['--state', state, '--json', ...args], { env: environment });
  return JSON.parse(output.toString());
}

export class Bridge {
  #child;
  #screen = '';
  #waiting = [];
  /** Where what was asked last begins on the screen. */
  #read = 0;

  /** `verb` with its options, for example `serve --software-token`, and variables of its own. */
  constructor(state, verb, extra = {}) {
    this.state = state;
    const command = `exec '${BINARY}' --state '${state}' ${verb}`;
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { ...environment, ...extra },
    });
    const take = (chunk) => {
      this.#screen += chunk;
      for (const look of [...this.#waiting]) look();
    };
    this.#child.stdout.on('data', take);
    this.#child.stderr.on('data', take);
    this.gone = new Promise((resolve) => this.#child.on('exit', resolve));
  }

  /** The page's address, secret included. */
  async address(seconds = 20) {
    const [, url] = await this.#see(/(http:\/\/127\.0\.0\.1:\d+\/#token=[A-Za-z0-9_-]+)/, seconds);
    this.url = url;
    this.origin = new URL(url).origin;
    return url;
  }

  /** Waits for the next question and answers it; gives what was shown with it. */
  async answer(words, seconds = 30) {
    const shown = await this.question(seconds);
    this.type(`${words}\n`);
    return shown;
  }

  /** Waits for the next question; gives what is shown with it. */
  async question(seconds = 30) {
    await this.#see(PROMPT, seconds);
    const { index, 0: prompt } = PROMPT.exec(this.#screen.slice(this.#read));
    const end = this.#read + index + prompt.length;
    const shown = this.#screen.slice(this.#read, end);
    this.#read = end;
    return shown;
  }

  /** Waits for the PIN's prompt and types it; the terminal does not show it. */
  async pin(digits, seconds = 30) {
    await this.#hidden(PIN_PROMPT, digits, seconds);
  }

  /** Waits for the second approver's prompt and types their secret, which the terminal does not show either. */
  async second(secret, seconds = 30) {
    await this.#hidden(SECOND_PROMPT, secret, seconds);
  }

  async #hidden(prompt, words, seconds) {
    await this.#see(prompt, seconds);
    this.#read += this.#screen.slice(this.#read).indexOf(prompt) + prompt.length;
    this.type(`${words}\n`);
  }

  type(text) {
    this.#child.stdin.write(text);
  }

  /** Everything that was shown so far. */
  get screen() {
    return this.#screen;
  }

  /** Ends the bridge at once, as a crash would. */
  async kill() {
    // `script` passes its terminal's end on to the bridge.
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  async stop() {
    this.type('\x03');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.gone;
    clearTimeout(late);
    remove(this.state);
  }

  #see(what, seconds) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const rest = this.#screen.slice(this.#read);
        const found = typeof what === 'string' ? rest.includes(what) : what.exec(rest);
        if (!found) return;
        stop();
        resolve(found);
      };
      const late = setTimeout(() => {
        stop();
        reject(new Error(`the bridge did not show ${what} within ${seconds} s:\n${this.#screen}`));
      }, seconds * 1000);
      const ended = () => {
        stop();
        reject(new Error(`the bridge ended:\n${this.#screen}`));
      };
      const stop = () => {
        clearTimeout(late);
        this.#child.off('exit', ended);
        this.#waiting = this.#waiting.filter((one) => one !== look);
      };
      this.#child.on('exit', ended);
      this.#waiting.push(look);
      look();
    });
  }
}
