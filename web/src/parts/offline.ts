import { html, type TemplateResult } from 'lit';

/** In the place of what a bridge with a way to vaults offers. */
export function offline(byChoice: boolean): TemplateResult {
  return html`<p class="aside" data-code="offline"><span class="pill">Offline</span>
    ${byChoice ? 'This bridge was started with --offline and connects to no vault.' : 'This bridge was built without a client for vaults.'}
    Bring the KEK as a file.</p>`;
}
