import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import { command } from '../parts/command';
import { Screen } from '../parts/element';
import { facts } from '../parts/facts';
import { icon } from '../parts/icon';
import { lookBox, where } from '../parts/look';
import type { ModuleOffer, SessionInfo, TokenInfo, VaultAccess } from '../pkg/keyferry_wasm';

/** Which token this is, and whether it is open. Or how to get here, when there is no bridge. */
export class ConnectScreen extends Screen {
  override render() {
    const flow = this.flow;
    if (!flow.hasSecret) return noSecret();
    if (!flow.session) {
      return flow.waiting
        ? html`<h1 tabindex="-1">Connecting…</h1><p class="lead" role="status">Asking the bridge which token it holds.</p>`
        : html`<h1 tabindex="-1">Not connected</h1><p class="lead">The bridge is the small program on this machine that talks to your HSM.</p>`;
    }
    return html`<h1 tabindex="-1">Your key stays in the HSM</h1>
      <p class="lead">Keyferry has the HSM wrap a key for one Azure vault. Only the wrapped form leaves it;
        the PIN and the key itself never reach this page.</p>
      ${flow.lockedItself && !flow.session.unlocked ? lockedItself() : nothing}
      ${flow.session.token ? tokenCard(flow.session.token, flow.session) : noToken()}
      ${flow.session.unlocked ? this.#goOn() : this.#locked(flow.session)}
      ${flow.session.offers.length > 0 ? found(flow.session.offers) : nothing}`;
  }

  #goOn(): TemplateResult {
    return html`<div class="actions"><button type="button" class="button button-primary" @click=${() => this.flow.go('kek')}>
      Continue ${icon('next')}</button></div>`;
  }

  #locked(session: SessionInfo): TemplateResult {
    if (session.prompt === 'none') {
      return html`<div class="box box-warning">${icon('lock')}<div>
        <p class="box-title">The bridge has nowhere to ask for the PIN.</p>
        <p>It runs without a terminal, and no pinentry window can be opened. Start it from a terminal:</p>
        ${command('keyferry serve', 'Command that starts the bridge')}
      </div></div>`;
    }
    const waiting = this.flow.waiting === 'unlock';
    return html`<div class="actions">
        <button type="button" class="button button-primary" ?disabled=${this.flow.waiting !== null} @click=${() => this.#unlock()}>
          ${icon('lock')} ${waiting ? 'Waiting for you…' : 'Unlock the token'}</button>
      </div>
      ${waiting ? lookBox(session, 'pin', 'If a PIN is needed, it is asked for') : html`<p class="aside">If a PIN is needed, it is asked for ${where(session, 'pin')}, never in a browser.</p>`}`;
  }

  async #unlock(): Promise<void> {
    await this.flow.unlock();
    await this.updateComplete;
    // The pressed button is gone: go on from its successor.
    this.querySelector<HTMLElement>('.button-primary')?.focus();
  }
}
customElements.define('kf-connect', ConnectScreen);

function tokenCard(token: TokenInfo, session: SessionInfo): TemplateResult {
  return html`<section class="card" aria-labelledby="token-name">
    <div class="card-head">
      <h2 id="token-name">${visible(token.label)}</h2>
      ${token.software ? html`<span class="pill pill-warning">Software token</span>` : nothing}
    </div>
    ${facts([
      ['Made by', visible(token.manufacturer)],
      ['Model', visible(token.model)],
      ['Serial number', token.serial ? html`<code>${visible(token.serial)}</code>` : null],
      ['Firmware', visible(token.firmware)],
      ['State', session.unlocked ? 'Unlocked' : 'Locked'],
      ['Questions are asked', where(session, 'approval')],
      ['Vaults', VAULTS[session.vault]],
      ['Bridge', `keyferry ${visible(session.version)}`],
    ])}
  </section>`;
}

const VAULTS: Record<VaultAccess, string> = {
  online: 'Reached through this bridge, when you ask for it',
  offline: 'Offline: this bridge connects to none, files are carried by hand',
  'not-built': 'Offline: this build has no client for vaults, files are carried by hand',
};

/** Libraries of HSMs that are installed here. The bridge loads the one that it is started with, and no other. */
function found(offers: ModuleOffer[]): TemplateResult {
  return html`<section class="card" aria-labelledby="found">
    <h2 id="found">Found on this machine</h2>
    <p class="quiet">None of these is loaded. To use one, stop the bridge and start it with that library:</p>
    <ul class="found">${offers.map(
      (offer) => html`<li data-profile=${offer.profile}>
        <p class="found-name">${visible(offer.name)} ${offer.software ? html`<span class="pill pill-warning">Software</span>` : nothing}</p>
        <p><code class="long">${visible(offer.path)}</code></p>
        ${command(`keyferry serve --module ${word(offer.path)}`, `Command that starts the bridge with the ${visible(offer.name)}`)}
      </li>`,
    )}</ul>
  </section>`;
}

/** A path as one word of a shell; Windows' shells know no single quotes. */
function word(path: string): string {
  const safe = visible(path);
  if (/^[\w./:+-]+$/.test(safe)) return safe;
  return safe.includes('\\') ? `"${safe}"` : `'${safe.replaceAll("'", "'\\''")}'`;
}

function lockedItself(): TemplateResult {
  return html`<div class="box box-warning" data-code="locked-itself">${icon('lock')}<div>
    <p class="box-title">The bridge has locked the token.</p>
    <p>Nobody used it for a while, or it was locked from elsewhere. What was finished is still here; unlock it to go on.</p></div></div>`;
}

function noToken(): TemplateResult {
  return html`<div class="box box-warning">${icon('warning')}<div>
    <p class="box-title">The bridge has not opened a token yet.</p>
    <p>Unlocking opens it. If that fails, check that the HSM is connected and that keyferry was started with its PKCS#11 module
      (the library that speaks to it):</p>
    ${command('keyferry serve --module /path/to/the/vendor/library.so', 'Command that starts the bridge with a module')}
  </div></div>`;
}

function noSecret(): TemplateResult {
  return html`<h1 tabindex="-1">Open this page from the bridge</h1>
    <p class="lead">The bridge is the small program on this machine that talks to your HSM. Each time it starts, it prints
      an address with a secret in it, so that this page and no other can speak to it. This window has no such secret.</p>
    <ol class="how">
      <li><p>In a terminal, start the bridge:</p>${command('keyferry serve', 'Command that starts the bridge')}</li>
      <li><p>Open the whole address that it prints. It looks like this:</p>
        <p><code class="sample">http://127.0.0.1:41523/#token=…</code></p></li>
    </ol>
    <p class="aside">To try it without an HSM and without Azure: <code>keyferry demo</code>. A <code>.byok</code> file can be inspected here without any bridge secret.</p>`;
}
