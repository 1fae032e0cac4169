import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { vaultNameFor, visible } from '../core';
import { Screen } from '../parts/element';
import { icon } from '../parts/icon';
import { prose } from '../parts/prose';
import { reasonsInAll } from '../parts/reasons';
import type { KeyInfo, KeyOperation } from '../pkg/keyferry_wasm';
import { type Batch, nameOf, tagLines } from './batch';
import type { RowPressed } from './rows';
import './rows';

const OPERATIONS: KeyOperation[] = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];

/** Which of the token's keys, and what is wanted of them in the vault. */
export class Choose extends Screen {
  static override properties = {
    ...Screen.properties,
    batch: { attribute: false },
    text: { state: true },
    kind: { state: true },
    able: { state: true },
  };
  declare batch: Batch;
  declare text: string;
  declare kind: string;
  declare able: boolean;
  #shown: KeyInfo[] = [];

  constructor() {
    super();
    this.text = '';
    this.kind = '';
    this.able = true;
  }

  override willUpdate(_changed: PropertyValues<this>): void {
    const wanted = this.text.trim().toLowerCase();
    this.#shown = (this.flow.keys?.keys ?? []).filter(
      (key) =>
        (!this.able || key.transferable) &&
        (this.kind === '' || key.kind === this.kind) &&
        (wanted === '' || key.label.toLowerCase().includes(wanted) || key.id.includes(wanted)),
    );
  }

  override render() {
    const keys = this.flow.keys?.keys;
    if (!keys) {
      return this.flow.waiting === 'keys'
        ? html`<p class="quiet" role="status">Reading the token's keys…</p>`
        : html`<p><button type="button" class="button" @click=${() => this.flow.loadKeys()}>Read the token's keys</button></p>`;
    }
    return html`${this.#filters(keys)}${this.#list(keys)}${this.#wanted()}`;
  }

  #filters(keys: KeyInfo[]): TemplateResult {
    const kinds = [...new Set(keys.map((key) => key.kind))].sort();
    return html`<section aria-labelledby="choose"><h2 id="choose">Keys of the token</h2>
      <div class="field-row">
        <div class="field field-wide"><label for="filter">Label or id contains</label>
          <input id="filter" type="text" spellcheck="false" autocomplete="off" .value=${this.text}
            @input=${(event: Event) => {
              this.text = (event.target as HTMLInputElement).value;
            }}></div>
        <div class="field"><label for="filter-kind">Kind</label>
          <select id="filter-kind" @change=${(event: Event) => {
            this.kind = (event.target as HTMLSelectElement).value;
          }}><option value="">every kind</option>${kinds.map((kind) => html`<option>${visible(kind)}</option>`)}</select></div>
      </div>
      <div class="choices"><label><input type="checkbox" .checked=${this.able} @change=${(
        event: Event,
      ) => {
        this.able = (event.target as HTMLInputElement).checked;
      }}> Only keys that can travel</label></div>
    </section>`;
  }

  #list(keys: KeyInfo[]): TemplateResult {
    const able = this.#shown.filter((key) => key.transferable);
    const { chosen } = this.batch;
    return html`<div class="rows-head">
        <p aria-live="polite"><strong>${chosen.size}</strong> chosen, ${this.#shown.length} shown of ${keys.length}</p>
        <button type="button" class="button button-small" ?disabled=${able.length === 0} @click=${() => this.#all(able)}>Choose all ${able.length} shown</button>
        <button type="button" class="button button-small button-quiet" ?disabled=${chosen.size === 0} @click=${() => this.#none()}>Choose none</button>
      </div>
      ${
        this.#shown.length > 0
          ? html`<kf-rows label="Keys of the token" .rows=${this.#shown} .name=${nameOf} .row=${row} .chosen=${this.#isChosen} @rowpressed=${this.#pressed}></kf-rows>
              <p class="hint">Arrow keys move, the space bar chooses.</p>`
          : html`<p class="quiet">No key of the token is like this.</p>`
      }
      ${reasonsInAll(this.#shown.filter((key) => !key.transferable))}`;
  }

  #wanted(): TemplateResult {
    const { batch } = this;
    const first = batch.chosen.values().next().value;
    const { name } = batch.wanted;
    return html`<form class="card" aria-labelledby="wanted" @submit=${this.#plan}>
      <h2 id="wanted">In the vault</h2>
      <div class="field field-full"><label for="name-template">Name of each</label>
        <input id="name-template" name="name" type="text" required maxlength="127" .value=${name} spellcheck="false" autocomplete="off" autocapitalize="off"
          aria-describedby="name-hint" @input=${(event: Event) => {
            batch.wanted = { ...batch.wanted, name: (event.target as HTMLInputElement).value };
            this.requestUpdate();
          }}>
        <p class="hint" id="name-hint"><code>{name}</code> is the label with hyphens for what a vault does not take, <code>{label}</code> the label as it is;
          <code>{id}</code> and <code>{kind}</code> can stand there, too. ${
            first
              ? html`The first becomes <code class="long">${named(name, first)}</code>.`
              : nothing
          } The plan has them all.</p></div>
      <fieldset class="choices"><legend>Each may (none chosen: all that its kind can do)</legend>
        ${OPERATIONS.map((operation) => html`<label><input type="checkbox" name="operation" value=${operation} .checked=${batch.wanted.operations?.includes(operation) ?? false}> ${operation}</label>`)}
      </fieldset>
      <div class="field field-full"><label for="batch-tags">Tags of each</label>
        <textarea id="batch-tags" name="tags" rows="2" spellcheck="false" autocomplete="off" aria-describedby="batch-tags-hint" .value=${tagLines(batch.wanted.tags)}></textarea>
        <p class="hint" id="batch-tags-hint">One a line, as <code>name=value</code>; at most 14.</p></div>
      <div class="actions"><button class="button button-primary" ?disabled=${batch.chosen.size === 0 || batch.waiting !== null}>
        ${batch.waiting === 'plan' ? 'Making the plan…' : html`Make the plan ${icon('next')}`}</button></div>
      <p class="aside">Making a plan touches nothing.</p>
    </form>`;
  }

  readonly #isChosen = (key: KeyInfo): boolean | null =>
    key.transferable ? this.batch.chosen.has(nameOf(key)) : null;

  readonly #pressed = ({ index }: RowPressed) => {
    const key = this.#shown[index];
    if (!key?.transferable) return;
    const { chosen } = this.batch;
    if (!chosen.delete(nameOf(key))) chosen.set(nameOf(key), key);
    this.batch.changed();
  };

  #all(keys: KeyInfo[]): void {
    for (const key of keys) this.batch.chosen.set(nameOf(key), key);
    this.batch.changed();
  }

  #none(): void {
    this.batch.chosen.clear();
    this.batch.changed();
  }

  readonly #plan = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const operations = given.getAll('operation') as KeyOperation[];
    const tags = String(given.get('tags') ?? '')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const [name = '', ...value] = line.split('=');
        return [name.trim(), value.join('=').trim()] as const;
      });
    this.batch.wanted = {
      name: String(given.get('name')).trim(),
      operations: operations.length > 0 ? operations : null,
      tags: Object.fromEntries(tags),
    };
    this.dispatchEvent(new Event('planned'));
  };
}
customElements.define('kf-choose', Choose);

/** What the plan will make of the name, for a look ahead; the plan itself is the bridge's. */
function named(template: string, { label, id, kind }: KeyInfo): string {
  const parts: Record<string, string> = { name: vaultNameFor(label), label, id, kind };
  return visible(template.replace(/\{(\w+)\}/g, (place, word: string) => parts[word] ?? place));
}

/** Two lines that fit a row's height; what stands in the way is the second of a key that cannot travel. */
function row(key: KeyInfo): TemplateResult {
  const reason = key.reasons[0];
  return html`<span class="row-text" title=${visible(key.label)}><span class="row-name">${visible(key.label) || '(no label)'}</span>
      <span class="row-more">${
        !key.transferable && reason
          ? html`Cannot travel: ${prose(reason.message)}`
          : html`id ${key.id}`
      }</span></span>
    <span class="pill">${visible(key.kind)}</span>`;
}
