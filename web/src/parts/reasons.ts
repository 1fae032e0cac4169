import { html, type TemplateResult } from 'lit';
import type { Reason } from '../pkg/keyferry_wasm';
import { prose } from './prose';

/** Why something cannot be used: what stands in the way, what to do, and the name to look it up by. */
export function reasonList(reasons: Reason[]): TemplateResult {
  return html`<ul class="reasons">${reasons.map(
    (reason) =>
      html`<li data-code=${reason.code}>${prose(reason.message)} <span class="quiet">${prose(reason.advice)}</span>
        <code class="code">${reason.code}</code></li>`,
  )}</ul>`;
}
