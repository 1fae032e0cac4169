import { html, nothing, type TemplateResult } from 'lit';
import { KINDS, visible } from '../core';
import { Screen } from '../parts/element';
import { icon } from '../parts/icon';
import { lookBox } from '../parts/look';
import { reasonList } from '../parts/reasons';
import type { KeyInfo, TargetKind } from '../pkg/keyferry_wasm';

/** More keys than this are not shown at once: nobody reads on, and the page would take seconds to draw. */
const MOST = 100;

/** The token's keys: one is chosen, or made. */
export class KeyScreen extends Screen {
  static override properties = { ...Screen.properties, text: { state: true } };
  declare text: string;

  constructor() {
    super();
    this.text = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.flow.keys) void this.flow.loadKeys();
  }

  override render() {
    const { keys, waiting } = this.flow;
    return html`<h1 tabindex="-1">Which key shall travel?</h1>
      <p class="lead">These are the keys in the token. Only a key that was made to be taken out in wrapped form can travel.</p>
      ${keys ? this.#list(keys.keys) : this.#none(waiting === 'keys')}
      ${this.#maker()}
      <div class="actions">
        <button type="button" class="button button-primary" ?disabled=${!this.flow.key} @click=${() => this.flow.go('review')}>
          Continue ${icon('next')}</button>
        <button type="button" class="button" @click=${() => this.flow.go('batch')}>Choose many keys</button>
      </div>`;
  }

  #none(loading: boolean): TemplateResult {
    return loading
      ? html`<p class="quiet" role="status">Reading the token's keys…</p>`
      : html`<p><button type="button" class="button" @click=${() => this.flow.loadKeys()}>Read the keys again</button></p>`;
  }

  #list(keys: KeyInfo[]): TemplateResult {
    if (keys.length === 0) {
      return html`<p class="quiet">The token holds no keys yet. Make one below.</p>`;
    }
    const wanted = this.text.trim().toLowerCase();
    const found = keys.filter(
      ({ label, id }) => label.toLowerCase().includes(wanted) || id.includes(wanted),
    );
    const able = found.filter((key) => key.transferable);
    const unable = found.filter((key) => !key.transferable);
    const shown = able.slice(0, MOST);
    // What is chosen is seen, wherever it stands.
    const chosen = keys.find((key) => this.#isChosen(key));
    if (chosen && !shown.includes(chosen)) shown.unshift(chosen);
    return html`${keys.length > MOST ? this.#filter() : nothing}
      <fieldset class="keys"><legend class="unseen">Keys that can travel</legend>
        ${shown.map((key) => this.#able(key))}
      </fieldset>
      ${rest(able.length)}
      ${
        unable.length > 0
          ? html`<section class="unable" aria-labelledby="unable"><h2 id="unable">Cannot travel</h2><ul class="keys">${unable.slice(0, MOST).map(unableKey)}</ul>${rest(unable.length)}</section>`
          : nothing
      }`;
  }

  #filter(): TemplateResult {
    return html`<div class="field key-filter"><label for="key-filter">Label or id contains</label>
      <input id="key-filter" type="text" spellcheck="false" autocomplete="off" .value=${this.text}
        @input=${(event: Event) => {
          this.text = (event.target as HTMLInputElement).value;
        }}></div>`;
  }

  #isChosen({ id, label }: KeyInfo): boolean {
    return this.flow.key?.id === id && this.flow.key.label === label;
  }

  #able(key: KeyInfo): TemplateResult {
    const chosen = this.#isChosen(key);
    return html`<label class="key ${chosen ? 'key-chosen' : ''}">
      <input type="radio" name="key" value=${key.id} .checked=${chosen} @change=${() => this.flow.choose(key)}>
      <span class="key-text"><span class="key-label">${visible(key.label) || '(no label)'}</span>
        <span class="key-id">id ${key.id}</span></span>
      <span class="pill">${visible(key.kind)}</span>
      ${key.reasons.length > 0 ? reasonList(key.reasons) : nothing}
    </label>`;
  }

  #maker(): TemplateResult {
    const session = this.flow.session;
    const making = this.flow.waiting === 'generate';
    return html`<details class="fold"><summary>Make a new key in the token</summary>
      <form @submit=${this.#make}>
        <p>It is made inside the token, may leave it only in wrapped form, and can do no more than its kind needs.</p>
        <div class="field-row">
          <div class="field"><label for="new-kind">Kind</label>
            <select id="new-kind" name="kind">${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === 'RSA-3072'}>${kind}</option>`)}</select></div>
          <div class="field field-wide"><label for="new-label">Label</label>
            <input id="new-label" name="label" type="text" required maxlength="64" spellcheck="false" autocomplete="off"></div>
        </div>
        <button class="button" ?disabled=${this.flow.waiting !== null}>${making ? 'Waiting for you…' : 'Make the key'}</button>
        ${
          making && session
            ? lookBox(session, 'approval', 'Whether this key may be made is asked')
            : nothing
        }
      </form>
    </details>`;
  }

  readonly #make = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    const kind = String(given.get('kind')) as TargetKind;
    const known = new Set(this.flow.keys?.keys.map((key) => key.id));
    await this.flow.generate({ kind, label: String(given.get('label')).trim() });
    await this.updateComplete;
    if (!this.flow.key || known.has(this.flow.key.id)) return;
    form.reset();
    form.closest('details')?.removeAttribute('open');
    this.querySelector<HTMLInputElement>('input[type=radio]:checked')?.focus();
  };
}
customElements.define('kf-key', KeyScreen);

function rest(count: number): TemplateResult | typeof nothing {
  if (count <= MOST) return nothing;
  return html`<p class="hint" role="status">The first ${MOST} of ${count} are shown: a part of the label or the id finds the others.</p>`;
}

function unableKey(key: KeyInfo): TemplateResult {
  return html`<li class="key key-unable">
    <span class="key-text"><span class="key-label">${visible(key.label) || '(no label)'}</span>
      <span class="key-id">id ${key.id}</span></span>
    <span class="pill">${visible(key.kind)}</span>
    ${reasonList(key.reasons)}
  </li>`;
}
