import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { Flow } from '../flow';
import { STEPS, type Step, TITLES, type View } from '../steps';
import { Screen } from './element';
import { icon } from './icon';

/** The walk at a glance: where one is, what is settled, and the way back to it. */
export class Rail extends Screen {
  override render() {
    const flow = this.flow;
    const at = (STEPS as readonly View[]).indexOf(flow.view);
    return html`<nav class="rail" aria-label="Steps">
      <p class="rail-short">Step ${at + 1} of ${STEPS.length}<span> · ${TITLES[flow.view]}</span></p>
      <ol>${STEPS.map((step, i) => this.#step(flow, step, i, at))}</ol>
    </nav>`;
  }

  #step(flow: Flow, step: Step, index: number, at: number): TemplateResult {
    const state = index === at ? 'now' : index < at ? 'done' : 'later';
    const said = index < at ? settled(flow, step) : null;
    const inside = html`<span class="rail-dot">${state === 'done' ? icon('check') : index + 1}</span>
      <span class="rail-text"><span class="rail-name">${TITLES[step]}</span>${said ? html`<span class="rail-said">${said}</span>` : nothing}</span>`;
    const open = state !== 'now' && flow.can(step);
    return html`<li class="rail-step rail-${state}" aria-current=${state === 'now' ? 'step' : nothing}>
      ${open ? html`<button type="button" @click=${() => flow.go(step)}>${inside}</button>` : html`<span class="rail-still">${inside}</span>`}
    </li>`;
  }
}
customElements.define('kf-rail', Rail);

/** What a step behind has settled, in a few words. */
function settled(flow: Flow, step: Step): string | null {
  switch (step) {
    case 'connect':
      return flow.session?.token ? visible(flow.session.token.label) : null;
    case 'kek':
      return flow.kek?.verdict.thumbprint_sha256
        ? `RSA-${flow.kek.verdict.bits} · ${flow.kek.verdict.thumbprint_sha256.slice(0, 8)}…`
        : null;
    case 'key':
      return flow.key ? visible(flow.key.label) : null;
    default:
      return null;
  }
}
