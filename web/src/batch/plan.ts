import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import { facts } from '../parts/facts';
import { icon } from '../parts/icon';
import { prose } from '../parts/prose';
import { reasonsInAll } from '../parts/reasons';
import { thumbprint } from '../parts/thumbprint';
import type { PlanAnswer, PlanGoes, PlanStays } from '../pkg/keyferry_wasm';
import { tagLines, type Wanted } from './batch';
import './rows';

/** What can be done with a plan. */
export interface PlanActions {
  run(): void;
  back(): void;
  /** Whether the keys are to be imported, too; null where the bridge reaches no vault. */
  import: boolean | null;
  turnImport(on: boolean): void;
}

/** The plan, to be read before anybody is asked: what travels, what cannot and why, and the hash that binds a yes. */
export function planView(plan: PlanAnswer, wanted: Wanted, on: PlanActions): TemplateResult {
  const { goes, stays } = plan;
  return html`<h1 tabindex="-1">${heading(goes.length, stays.length)}</h1>
    <p class="lead">Nothing has been touched so far.${goes.length === 0 ? nothing : html` You are asked once, natively, for exactly this plan: the question shows the same number.`}</p>
    ${
      goes.length === 0
        ? nothing
        : html`<section class="card" aria-labelledby="plan-hash">
      <h2 id="plan-hash">The plan's number</h2>
      ${thumbprint(plan.hash, 'the plan’s number', 'small')}
      ${facts([
        ['To vault', visible(plan.vault)],
        ['Each may', wanted.operations ? wanted.operations.join(', ') : 'do all that its kind can'],
        [
          'Tags',
          tagLines(wanted.tags)
            .split('\n')
            .map((tag) => visible(tag))
            .join(', '),
        ],
      ])}
    </section>`
    }
    ${
      stays.length > 0
        ? html`<section aria-labelledby="stays"><h2 id="stays">${icon('warning')} Cannot travel (${stays.length})</h2>
            <kf-rows label="Keys that cannot travel" .rows=${stays} .name=${stayName} .row=${stayRow}></kf-rows>
            ${reasonsInAll(stays)}</section>`
        : nothing
    }
    ${
      goes.length > 0
        ? html`<section aria-labelledby="goes"><h2 id="goes">Would travel (${goes.length})</h2>
            <kf-rows label="Keys that would travel" .rows=${goes} .name=${(line: PlanGoes) => line.number} .row=${goesRow}></kf-rows></section>`
        : nothing
    }
    ${goes.length === 0 || on.import === null ? nothing : choice(on.import, on)}
    <div class="actions">
      ${goes.length === 0 ? nothing : html`<button type="button" class="button button-primary" @click=${on.run}>${icon('key')} ${on.import ? 'Wrap and import' : 'Wrap'} ${goes.length === 1 ? 'this key' : `these ${goes.length} keys`}</button>`}
      <button type="button" class="button" @click=${on.back}>Change the choice</button>
    </div>`;
}

function choice(wanted: boolean, on: PlanActions): TemplateResult {
  return html`<div class="choices plan-import"><label><input id="plan-import" type="checkbox" .checked=${wanted}
      @change=${(event: Event) => on.turnImport((event.target as HTMLInputElement).checked)}> Import each into the vault, too, and verify it there</label></div>
    <p class="hint">The same question asks for both. A name that the vault has already gets a new version.</p>`;
}

function heading(goes: number, stays: number): string {
  if (goes === 0) return 'None of these keys would travel';
  const going = goes === 1 ? 'One key would travel' : `${goes} keys would travel`;
  return stays === 0 ? going : `${going}, ${stays} not`;
}

function stayName({ label, id, name }: PlanStays): string {
  return `${id} ${label} ${name}`;
}

function stayRow({ line, label, name, reasons }: PlanStays): TemplateResult {
  const said = reasons.map((reason) => prose(reason.message));
  return html`<span class="row-number"><span class="unseen">line </span>${line}</span><span class="row-text" title=${reasons.map((reason) => `${visible(reason.message)} ${visible(reason.advice)}`).join(' ')}>
      <span class="row-name">${visible(label) || '(no label)'}${name ? html` <span class="quiet">as ${visible(name)}</span>` : nothing}</span>
      <span class="row-more">${said}</span></span>
    <code class="code row-code">${reasons[0]?.code ?? ''}</code>`;
}

function goesRow({ number, label, id, kind, name }: PlanGoes): TemplateResult {
  return html`<span class="row-number">${number}</span>
    <span class="row-text" title=${`${visible(label)} as ${visible(name)}, id ${id}`}><span class="row-name">${visible(label) || '(no label)'}</span>
      <span class="row-more">as ${visible(name)}, id ${id}</span></span>
    <span class="pill">${visible(kind)}</span>`;
}
