import { html, type TemplateResult } from 'lit';
import './copy';

/** A command to run elsewhere, with its copy button. Scrolls within itself, never the page. */
export function command(text: string, what: string): TemplateResult {
  return html`<div class="command">
    <pre tabindex="0" role="region" aria-label=${what}><code>${text}</code></pre>
    <kf-copy .text=${text} .what=${what}></kf-copy>
  </div>`;
}
