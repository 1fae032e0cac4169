import { html, nothing, type TemplateResult } from 'lit';
import { icon } from './icon';

/** A stage's name on the wire, what it is called, and a gloss. */
export type StageRow<S> = [stage: S, name: string, gloss: string];

/** Work in stages, as far as it has come. */
export interface Staged<S> {
  state: 'running' | 'done' | 'failed';
  stages: S[];
}

/** What is done, what is under way, what is still to come. */
export function stageList<S extends string>(
  rows: StageRow<S>[],
  run: Staged<S>,
  label: string,
): TemplateResult {
  const at = rows.findIndex(([known]) => known === run.stages.at(-1));
  return html`<ol class="stages" aria-label=${label}>${rows.map((row, i) => stageRow(row, i, at, run.state))}</ol>`;
}

function stageRow(
  [stage, name, gloss]: StageRow<string>,
  index: number,
  at: number,
  run: Staged<string>['state'],
): TemplateResult {
  const passed = run === 'done' || index < at;
  const state = passed ? 'done' : index > at ? 'later' : run === 'failed' ? 'failed' : 'now';
  const words = { done: 'done', now: 'under way', failed: 'stopped here', later: 'not yet' }[state];
  const drawn = {
    done: icon('check'),
    failed: icon('cross'),
    now: html`<span class="pulse"></span>`,
    later: nothing,
  }[state];
  return html`<li class="stage stage-${state}" data-stage=${stage} data-state=${state}>
    <span class="stage-dot">${drawn}</span>
    <div><p class="stage-name">${name} <span class="stage-state">${words}</span></p><p class="quiet">${gloss}</p></div>
  </li>`;
}
