import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { VaultKek, VaultKeyInfo, VaultKeysAnswer } from '../pkg/keyferry_wasm';
import { dayField, dayOf, secondsOf } from './dates';
import { Screen } from './element';
import { lookBox } from './look';
import { reasonList } from './reasons';

/** A KEK's document as it came from a vault: read like any other. */
export class KekFetched extends Event {
  constructor(
    readonly kek: VaultKek,
    readonly from: string,
    readonly at: number,
  ) {
    super('kekfetched', { bubbles: true });
  }
}

/** The KEK straight from the vault: the bridge reads it, or has it made there. */
export class VaultKeks extends Screen {
  static override properties = { ...Screen.properties, chosen: { state: true } };
  declare chosen: string;

  constructor() {
    super();
    this.chosen = '';
  }

  override render() {
    const { session, vault, waiting } = this.flow;
    if (!session) return nothing;
    const practice = session.practice?.authority;
    const known = vault?.vault ?? (practice ? `https://${practice}` : '');
    return html`<section class="card" aria-labelledby="from-vault">
      <h2 id="from-vault">From the vault</h2>
      <p class="quiet">The bridge fetches it, signed in to Azure as this machine is. You are asked before it signs in to a vault for the
        first time; no token of Azure's reaches this page.</p>
      <form @submit=${this.#read}>
        <label for="vault-url">Address of the vault or Managed HSM</label>
        <div class="field-row">
          <input id="vault-url" name="vault" type="text" inputmode="url" required .value=${known} placeholder="https://NAME.vault.azure.net"
            spellcheck="false" autocomplete="off" autocapitalize="off">
          <button class="button" ?disabled=${waiting !== null}>${waiting === 'vault-keys' ? 'Reading…' : 'List its keys'}</button>
        </div>
      </form>
      ${waiting === 'vault-keys' ? lookBox(session, 'approval', 'Signing in may have to be allowed,') : nothing}
      ${vault ? this.#listed(vault) : nothing}
    </section>`;
  }

  #listed(vault: VaultKeysAnswer): TemplateResult {
    const usable = vault.keys.filter((key) => key.usable);
    const others = vault.keys.filter((key) => !key.usable);
    return html`<p class="aside" id="signed-in">Signed in with ${visible(vault.signed_in)}.</p>
      ${
        usable.length > 0
          ? html`<fieldset class="keys" aria-describedby="signed-in"><legend class="unseen">KEKs in this vault</legend>
              ${usable.map((key) => this.#usable(key))}</fieldset>
            <div class="actions actions-first"><button type="button" class="button button-primary"
              ?disabled=${this.flow.waiting !== null || !usable.some((key) => key.kid === this.chosen)} @click=${this.#take}>Use this KEK</button></div>`
          : html`<p class="quiet">This vault has no KEK yet. Make one below.</p>`
      }
      ${vault.left_out > 0 ? html`<p class="hint">${vault.left_out} more keys were not looked at. A KEK among them can be given as a file.</p>` : nothing}
      ${this.#maker(vault)}
      ${
        others.length > 0
          ? html`<details class="fold"><summary>${others.length === 1 ? 'One key here is no KEK' : `${others.length} keys here are no KEKs`}</summary>
              <ul class="keys">${others.map(otherKey)}</ul></details>`
          : nothing
      }`;
  }

  #usable(key: VaultKeyInfo): TemplateResult {
    const chosen = this.chosen === key.kid;
    return html`<label class="key ${chosen ? 'key-chosen' : ''}">
      <input type="radio" name="vault-kek" value=${key.kid} .checked=${chosen} @change=${() => {
        this.chosen = key.kid;
      }}>
      ${keyText(key)}
    </label>`;
  }

  #maker(vault: VaultKeysAnswer): TemplateResult {
    const { session, waiting } = this.flow;
    const making = waiting === 'vault-make';
    return html`<details class="fold"><summary>Make a new KEK in this vault</summary>
      <form @submit=${(event: SubmitEvent) => this.#make(event, vault.vault)}>
        <p>An RSA-HSM key with the one operation <code>import</code>. Its private half never leaves Azure.</p>
        <div class="field-row">
          <div class="field field-wide"><label for="kek-name">Name</label>
            <input id="kek-name" name="name" type="text" required maxlength="127" pattern="[0-9A-Za-z\\-]{1,127}" value="KEKforBYOK"
              title="Letters, digits and hyphens, at most 127" spellcheck="false" autocomplete="off" autocapitalize="off"></div>
          <div class="field"><label for="kek-bits">Size</label>
            <select id="kek-bits" name="bits">${['4096', '3072', '2048'].map((bits) => html`<option>${bits}</option>`)}</select></div>
          ${dayField('kek-expires', 'expires', 'Expires (optional)')}
        </div>
        <p class="hint">A name that is taken gets a new version. SQL Server's TDE takes KEKs of 2048 and 3072 bits only.</p>
        <button class="button" ?disabled=${waiting !== null}>${making ? 'Waiting for you…' : 'Make the KEK'}</button>
        ${making && session ? lookBox(session, 'approval', 'Whether this KEK may be made is asked') : nothing}
      </form>
    </details>`;
  }

  readonly #read = async (event: SubmitEvent) => {
    event.preventDefault();
    const vault = new FormData(event.target as HTMLFormElement).get('vault');
    if (typeof vault !== 'string') return;
    await this.flow.readVault(vault.trim());
    const usable = this.flow.vault?.keys.filter((key) => key.usable) ?? [];
    // One KEK is the one; among several nothing is guessed.
    this.chosen = usable.length === 1 ? (usable[0]?.kid ?? '') : '';
    await this.updateComplete;
    this.querySelector<HTMLElement>('.keys input')?.focus();
  };

  readonly #take = async () => {
    const since = performance.now();
    const kek = await this.flow.fetchKek(this.chosen);
    if (kek) this.#give(kek, since);
  };

  async #make(event: SubmitEvent, vault: string): Promise<void> {
    event.preventDefault();
    const since = performance.now();
    const given = new FormData(event.target as HTMLFormElement);
    const kek = await this.flow.makeKek({
      vault,
      name: String(given.get('name')),
      bits: Number(given.get('bits')),
      expires: secondsOf(given.get('expires')),
    });
    if (kek) this.#give(kek, since);
  }

  #give(kek: VaultKek, since: number): void {
    this.dispatchEvent(new KekFetched(kek, new URL(kek.kid).host, since));
  }
}
customElements.define('kf-vault-keks', VaultKeks);

function keyText(key: VaultKeyInfo): TemplateResult {
  const version = key.kid.split('/').at(-1) ?? '';
  return html`<span class="key-text"><span class="key-label">${visible(key.name)}</span>
      <span class="key-id">version ${visible(version)}${key.expires === null ? nothing : html`, expires ${dayOf(key.expires)}`}</span></span>
    <span class="pill">${visible(key.kind)}</span>`;
}

function otherKey(key: VaultKeyInfo): TemplateResult {
  return html`<li class="key key-unable">${keyText(key)}${reasonList(key.reasons)}</li>`;
}
