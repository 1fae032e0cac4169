import { html, nothing, type TemplateResult } from 'lit';
import { inspectBlob, readInput, visible } from '../core';
import type { FileGiven } from '../parts/drop';
import '../parts/drop';
import { address } from '../parts/address';
import { Screen } from '../parts/element';
import { facts } from '../parts/facts';
import { findingList } from '../parts/findings';
import { icon } from '../parts/icon';
import { problemBox } from '../parts/problem';
import type { Inspection } from '../pkg/keyferry_wasm';
import { Problem } from '../problem';

/** Reads any `.byok` file. Needs no bridge: the rules are in the page. */
export class InspectScreen extends Screen {
  static override properties = {
    ...Screen.properties,
    seen: { state: true },
    name: { state: true },
    refused: { state: true },
  };
  declare seen: Inspection | null;
  declare name: string;
  declare refused: Problem | null;

  constructor() {
    super();
    this.seen = null;
    this.name = '';
    this.refused = null;
  }

  override render() {
    return html`<h1 tabindex="-1">Inspect a transfer file</h1>
      <p class="lead">Reads a <code>.byok</code> file from any tool: which vault it is for, what it can hold, and whether Azure would take its form.
        It stays in this browser.</p>
      <kf-drop prompt="Drop a .byok file here" accept=".byok,.json" @filegiven=${this.#given}></kf-drop>
      <details class="fold"><summary>Paste its text instead</summary>
        <form @submit=${this.#pasted}>
          <label for="blob-text">Text of the file</label>
          <textarea id="blob-text" name="text" rows="8" spellcheck="false" autocomplete="off" required></textarea>
          <button class="button">Inspect it</button>
        </form>
      </details>
      ${problemBox(this.refused)}
      ${this.seen ? this.#verdict(this.seen) : nothing}`;
  }

  #verdict(seen: Inspection): TemplateResult {
    return html`<section class="card verdict verdict-${seen.accepted ? 'good' : 'bad'}" aria-labelledby="seen" tabindex="-1" data-accepted=${seen.accepted}>
      <div class="card-head"><h2 id="seen">${icon(seen.accepted ? 'check' : 'cross')}${seen.accepted ? 'The form is right' : 'Azure would not take this file'}</h2></div>
      ${facts([
        ['File', visible(this.name)],
        ['For KEK', seen.kid ? address(seen.kid) : null],
        [
          'KEK size',
          seen.kek_bits ? `${seen.kek_bits} bits` : seen.accepted ? 'More than one fits' : null,
        ],
        ['Wrapped bytes', seen.ciphertext_bytes],
        ['Can hold', seen.readings.length > 0 ? readings(seen) : null],
        ['Made by', seen.generator ? visible(seen.generator) : null],
      ])}
      ${findingList(seen.findings)}
    </section>`;
  }

  readonly #given = async (event: FileGiven) => {
    try {
      this.#show(event.file.name, await readInput(event.file));
    } catch (thrown) {
      this.seen = null;
      this.refused = Problem.from(thrown);
    }
  };

  readonly #pasted = (event: SubmitEvent) => {
    event.preventDefault();
    const text = new FormData(event.target as HTMLFormElement).get('text');
    if (typeof text === 'string') this.#show('pasted text', new TextEncoder().encode(text));
  };

  /** A file for the KEK at hand is read against it: that settles which of its readings is right. */
  #inspect(bytes: Uint8Array): Inspection {
    const alone = inspectBlob(bytes, this.flow.session?.practice?.authority ?? null);
    const kek = this.flow.kek;
    const same = kek?.verdict.admitted === true && kek.verdict.kid === alone.kid;
    return same && kek ? kek.examination.inspectBlob(bytes) : alone;
  }

  #show(name: string, bytes: Uint8Array): void {
    this.refused = null;
    this.name = name;
    this.seen = this.#inspect(bytes);
    this.flow.say(
      this.seen.accepted ? 'The form of this file is right.' : 'Azure would not take this file.',
    );
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.verdict')?.focus());
  }
}
customElements.define('kf-inspect', InspectScreen);

function readings(seen: Inspection): TemplateResult {
  return html`<ul class="plain">${seen.readings.map((reading) => html`<li>${reading.target} <span class="quiet">under a KEK of ${reading.kek_bits} bits</span></li>`)}</ul>`;
}
