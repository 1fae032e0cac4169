import { html, type TemplateResult } from 'lit';
import './copy';

/**
 * A command to run elsewhere, with its copy button. Scrolls within itself, never the page. `whole` is
 * what is copied, where that is too long to be shown.
 */
export function command(text: string, what: string, whole = text): TemplateResult {
  return html`<div class="command">
    <pre tabindex="0" role="region" aria-label=${what}><code>${text}</code></pre>
    <kf-copy .text=${whole} .what=${what}></kf-copy>
  </div>`;
}
