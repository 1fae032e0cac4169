import { html, nothing, type TemplateResult } from 'lit';
import { fileName, visible } from '../core';
import { address } from '../parts/address';
import { command } from '../parts/command';
import { Screen } from '../parts/element';
import { facts } from '../parts/facts';
import { icon } from '../parts/icon';
import { where } from '../parts/look';
import { thumbprint } from '../parts/thumbprint';
import type { KekVerdict, SessionInfo } from '../pkg/keyferry_wasm';
import type { Step } from '../steps';

/** Everything that Wrap will do, in one list, before it does it. */
export class ReviewScreen extends Screen {
  override render() {
    const { kek, key, session, run, vaultKeyName } = this.flow;
    const verdict = kek?.verdict;
    if (!verdict || !key || !session) return nothing;
    return html`<h1 tabindex="-1">Review before the HSM acts</h1>
      <p class="lead">Nothing has happened to the key so far. This is what will.</p>
      <form @submit=${this.#wrap}>
        <section class="card" aria-label="The transfer">
          ${facts([
            [
              'Key',
              html`<strong>${visible(key.label)}</strong> <span class="pill">${visible(key.kind)}</span>`,
            ],
            ['Key id', html`<code>${key.id}</code>`],
            ['From token', tokenName(session)],
            ['To vault', html`<strong>${visible(host(verdict))}</strong>`],
            ['KEK', address(verdict.kid ?? '')],
            [
              'KEK thumbprint',
              thumbprint(verdict.thumbprint_sha256 ?? '', 'the KEK’s thumbprint', 'small'),
            ],
            ['Name in the vault', this.#name(vaultKeyName)],
            [
              'File',
              html`<code class="long">${vaultKeyName ? fileName(vaultKeyName) : '…'}</code>`,
            ],
          ])}
        </section>
        <section class="card" aria-labelledby="next">
          <h2 id="next">When you press Wrap</h2>
          <ol class="plan">
            <li>The bridge checks the KEK once more, by itself.</li>
            <li>The token proves on a throwaway key that its wrap comes out right.</li>
            <li>You are asked to approve, ${where(session, 'approval')}. Compare the thumbprint shown there with the one above.</li>
            <li>The audit log takes a line, then the HSM wraps the key. The key itself stays where it is.</li>
          </ol>
        </section>
        ${forbidden(session, verdict) ? refusedSoftware() : nothing}
        <div class="actions">
          ${this.#main()}
          ${run?.state === 'done' ? html`<button type="button" class="button" @click=${() => this.flow.go('deliver')}>To the finished file</button>` : nothing}
        </div>
      </form>`;
  }

  /** One wrap at a time, and none while what came of an import is still to be seen. */
  #main(): TemplateResult {
    const { flow } = this;
    if (flow.run?.state === 'running') return this.#underWay('A wrap', 'wrap');
    if (flow.isImporting) return this.#underWay('An import', 'deliver');
    return html`<button class="button button-primary">${icon('key')} Wrap this key</button>`;
  }

  #underWay(what: string, view: Step): TemplateResult {
    return html`<button type="button" class="button button-primary" @click=${() => this.flow.go(view)}>${what} is under way: go to it</button>`;
  }

  #name(name: string): TemplateResult {
    return html`<label class="unseen" for="vault-name">Name in the vault</label>
      <input id="vault-name" name="name" type="text" .value=${name} required maxlength="127" pattern="[0-9A-Za-z\\-]{1,127}"
        title="Letters, digits and hyphens, at most 127" spellcheck="false" autocomplete="off" autocapitalize="off"
        @input=${(event: Event) => this.flow.nameIt((event.target as HTMLInputElement).value)}>
      <span class="hint">Letters, digits and hyphens.</span>`;
  }

  readonly #wrap = (event: SubmitEvent) => {
    event.preventDefault();
    void this.flow.wrap();
  };
}
customElements.define('kf-review', ReviewScreen);

/** A bridge that was not told to sends no key of a software token to a real vault. */
function forbidden(session: SessionInfo, verdict: KekVerdict): boolean {
  const practice = session.practice?.authority;
  const software = session.token?.software === true && !session.software_token_allowed;
  return software && (!practice || host(verdict) !== practice);
}

function refusedSoftware(): TemplateResult {
  return html`<div class="box box-warning" data-code="software-key">${icon('warning')}<div>
    <p class="box-title">The bridge will refuse this.</p>
    <p>The key is in a software token, and this KEK is a real vault's. If that is what you want, say so when you start the bridge:</p>
    ${command('keyferry serve --software-token', 'Command that allows software keys')}</div></div>`;
}

export function host(verdict: KekVerdict): string {
  return verdict.kid && URL.canParse(verdict.kid) ? new URL(verdict.kid).host : '';
}

export function tokenName(session: SessionInfo): TemplateResult | null {
  const token = session.token;
  if (!token) return null;
  return html`${visible(token.label)} ${token.software ? html`<span class="pill pill-warning">Software</span>` : nothing}
    <span class="quiet">${visible(token.manufacturer)} ${visible(token.model)}${token.serial ? html`, serial ${visible(token.serial)}` : nothing}</span>`;
}
