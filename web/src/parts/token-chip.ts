import { html, nothing } from 'lit';
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
      <span class="chip-label">${visible(session.token.label)}</span> <span class="chip-state">${state}</span></p>`;
  }
}
customElements.define('kf-token-chip', TokenChip);
