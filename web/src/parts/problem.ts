import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { Problem } from '../problem';
import { icon } from './icon';
import { prose } from './prose';

/** What happened, then what to do. `action` is a button that does it, where the page can. */
export function problemBox(
  problem: Problem | null,
  action?: TemplateResult,
): TemplateResult | typeof nothing {
  if (!problem) return nothing;
  return html`<div class="box box-error" role="alert" data-code=${problem.code}>
    ${icon('error')}
    <div>
      <p class="box-title">${prose(problem.message)}</p>
      <p>${prose(problem.advice)}</p>
      ${action ?? nothing}
      <p class="code">${visible(problem.code)}</p>
    </div>
  </div>`;
}
