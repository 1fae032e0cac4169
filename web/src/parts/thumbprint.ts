import { html, type TemplateResult } from 'lit';
import './copy';

/** A SHA-256 in groups of four digits, so that two people can compare it by reading aloud. */
export function thumbprint(
  hex: string,
  what: string,
  size: 'large' | 'small' = 'large',
): TemplateResult {
  const groups = hex.match(/.{1,4}/g) ?? [];
  return html`<div class="thumbprint thumbprint-${size}">
    <p class="digits">${groups.map((group) => html`<span>${group}</span> `)}</p>
    <kf-copy .text=${hex} .what=${what}></kf-copy>
  </div>`;
}
