import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import { Screen } from './element';
import { icon } from './icon';

/** Which token this page works with, in the header of every screen. */
export class TokenChip extends Screen {
  override render() {
    const session = this.flow.session;
    if (!session?.token) return nothing;
    const state = session.unlocked ? 'unlocked' : 'locked';
    return html`<p class="chip chip-${state}">${icon(session.unlocked ? 'open' : 'lock')}
      <span class="chip-label">${visible(session.token.label)}</span> <span class="chip-state">${state}</span>${session.unlocked ? this.#lock() : nothing}</p>`;
  }

  #lock(): TemplateResult {
    return html`<button type="button" id="lock-token" class="button button-small button-quiet" ?disabled=${this.flow.waiting !== null}
      @click=${() => this.flow.lock()}>Lock<span class="unseen"> the token</span></button>`;
  }
}
customElements.define('kf-token-chip', TokenChip);
