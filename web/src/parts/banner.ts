import { html, nothing, type TemplateResult } from 'lit';
import type { SessionInfo } from '../pkg/keyferry_wasm';
import { icon } from './icon';

/** Software is never taken for hardware: said on every screen, for as long as it is so. */
export function banner(session: SessionInfo | null): TemplateResult | typeof nothing {
  if (session?.practice?.kek) {
    return html`<aside class="banner" aria-label="About this token">${icon('warning')}<p><strong>Software token · practice only.</strong>
      Keys here are made for practice, and the vault is a stand-in on this machine.</p></aside>`;
  }
  if (session?.token?.software) {
    return html`<aside class="banner" aria-label="About this token">${icon('warning')}<p><strong>Software token, not an HSM.</strong>
      ${
        session.software_token_allowed
          ? 'Its keys are protected by this machine alone.'
          : 'Its keys are for practice; the bridge sends none of them to a real vault.'
      }</p></aside>`;
  }
  return nothing;
}
