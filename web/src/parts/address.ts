import { html, type TemplateResult } from 'lit';
import { visible } from '../core';

/** A key identifier that breaks between its parts, and within one only where it must. */
export function address(kid: string): TemplateResult {
  const parts = visible(kid).split(/(?<=[^/:]\/)/);
  return html`<code class="address">${parts.map((part) => html`<span>${part}</span>`)}</code>`;
}
