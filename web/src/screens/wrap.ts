import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import { Screen } from '../parts/element';
import { icon } from '../parts/icon';
import { lookBox } from '../parts/look';
import { problemBox } from '../parts/problem';
import { stageList } from '../parts/stages';
import type { SessionInfo } from '../pkg/keyferry_wasm';
import { wrapStages } from '../stages';
import type { WrapRun } from '../wrap-run';

/** The wrap as it goes: what is done, what is being waited for, and where to look. */
export class WrapScreen extends Screen {
  override render() {
    const { run, session } = this.flow;
    if (!run || !session) return nothing;
    const key = `“${visible(run.key.label)}”`;
    return html`<h1 tabindex="-1">${heading(run, key)}</h1>
      <p class="lead">${lead(run)}</p>
      ${problemBox(run.problem)}
      ${run.state === 'running' ? attention(run, session) : nothing}
      ${stageList(wrapStages(run.stages), run, 'Stages of the wrap')}
      ${this.#after(run)}`;
  }

  #after(run: WrapRun): TemplateResult | typeof nothing {
    if (run.state === 'running') return nothing;
    if (run.state === 'done') {
      return html`<div class="actions"><button type="button" class="button button-primary" @click=${() => this.flow.go('deliver')}>To the file ${icon('next')}</button></div>`;
    }
    return html`<div class="actions">
      <button type="button" class="button button-primary" @click=${() => this.flow.go('review')}>Back to the review</button></div>`;
  }
}
customElements.define('kf-wrap', WrapScreen);

function heading(run: WrapRun, key: string): string {
  if (run.isOpen) return `Whether ${key} was wrapped is not known here`;
  return {
    running: `Wrapping ${key}`,
    failed: `${key} was not wrapped`,
    done: `${key} is wrapped`,
  }[run.state];
}

function lead(run: WrapRun): string | typeof nothing {
  if (run.state === 'running') {
    return 'Keep this window open. Reloading it does no harm, but the file would have to be made again.';
  }
  return run.isOpen
    ? "No file was made here. Whether the HSM did its part stands in the bridge's audit log. Wrapping again does no harm."
    : nothing;
}

function attention(run: WrapRun, session: SessionInfo): TemplateResult | typeof nothing {
  switch (run.stages.at(-1)) {
    case 'unlocking':
      return lookBox(session, 'pin', 'If a PIN is needed, it is asked for');
    case 'approving':
      return lookBox(session, 'approval', 'Compare the thumbprint and answer');
    case 'second-approving':
      return lookBox(session, 'approval', 'The policy wants a second approver, who answers');
    default:
      return nothing;
  }
}
