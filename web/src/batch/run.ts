import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import { facts } from '../parts/facts';
import { icon } from '../parts/icon';
import { lookBox } from '../parts/look';
import { prose } from '../parts/prose';
import { thumbprint } from '../parts/thumbprint';
import type { PlanFailure, PlanStatus, SessionInfo } from '../pkg/keyferry_wasm';
import { isBusy } from './batch';

/** What can be done while a plan runs, and after. */
export interface RunActions {
  stop(): void;
  resume(): void;
  anew(): void;
}

const SECOND = 1000;
const MINUTE = 60;

/** A plan as it goes: how many are done, how many failed, how long it takes; then what came of it. */
export function runView(status: PlanStatus, session: SessionInfo, on: RunActions): TemplateResult {
  const busy = isBusy(status);
  return html`<h1 tabindex="-1">${heading(status)}</h1>
    ${attention(status, session)}
    <section class="card ${status.state === 'done' && status.failed === 0 ? 'deliver' : ''}" aria-label="How far it is" data-state=${status.state}>
      <progress max=${Math.max(1, status.lines)} value=${status.done + status.failed} aria-label="Keys at their end"></progress>
      <p class="run-count"><strong>${status.done}</strong> of ${status.lines} done, <strong>${status.failed}</strong> failed${pace(status)}</p>
      ${facts([
        ['Plan', thumbprint(status.hash, 'the plan’s number', 'small')],
        ['Vault', visible(status.vault)],
        [
          'Folder',
          status.folder ? html`<code class="long">${visible(status.folder)}</code>` : null,
        ],
        [
          'Report',
          !busy && status.folder
            ? html`<code>batch-report.html</code> in that folder, beside the <code>.byok</code> files and their receipts`
            : null,
        ],
      ])}
    </section>
    ${!busy && status.failures.length > 0 ? failures(status) : nothing}
    ${actions(status, on)}`;
}

function heading({ state, lines, done, failed }: PlanStatus): string {
  switch (state) {
    case 'preparing':
      return 'Preparing';
    case 'approving':
    case 'second-approving':
      return `May ${keys(lines - done)} travel?`;
    case 'running':
      return `Wrapping ${keys(lines)}`;
    case 'stopping':
      return 'Stopping';
    case 'done':
      if (failed > 0) return `${are(done)} wrapped, ${failed} not`;
      return lines === 1 ? 'The key is wrapped' : `All ${lines} keys are wrapped`;
    default:
      return done + failed === 0 ? 'Nothing was wrapped' : `Stopped: ${are(lines - done)} left`;
  }
}

function keys(count: number): string {
  return count === 1 ? 'one key' : `${count} keys`;
}

function are(count: number): string {
  return count === 1 ? 'one key is' : `${count} keys are`;
}

function attention(status: PlanStatus, session: SessionInfo): TemplateResult | typeof nothing {
  switch (status.state) {
    case 'preparing':
      return html`<p class="lead">The KEK is examined again, and the token proves its method on a throwaway key.${session.unlocked ? nothing : html` If a PIN is needed, it is asked for natively.`}</p>`;
    case 'approving':
      return lookBox(session, 'approval', "Compare the plan's number and answer");
    case 'second-approving':
      return lookBox(session, 'approval', 'The policy wants a second approver, who answers');
    case 'stopping':
      return html`<p class="lead">Nothing more is begun; what is in flight is finished.</p>`;
    default:
      return nothing;
  }
}

/** The rate, and how long it will take at that. */
function pace({ state, lines, done, failed, here, millis }: PlanStatus): string {
  if (here === 0 || millis === 0) return '.';
  const rate = (here * SECOND) / millis;
  const said = rate >= 10 ? Math.round(rate).toString() : rate.toFixed(1);
  if (state !== 'running') return `; ${here} in this run, ${said} a second.`;
  return `; ${said} a second, about ${duration((lines - done - failed) / rate)} left.`;
}

function duration(seconds: number): string {
  if (seconds < 1.5 * MINUTE) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 1.5 * MINUTE * MINUTE) return `${Math.round(seconds / MINUTE)} min`;
  return `${(seconds / MINUTE / MINUTE).toFixed(1)} h`;
}

function failures({ failures: shown, failed }: PlanStatus): TemplateResult {
  return html`<section class="card" aria-labelledby="failed"><h2 id="failed">${icon('error')} What failed</h2>
    <ul class="plain failures">${shown.map(failure)}</ul>
    ${failed > shown.length ? html`<p class="quiet">The report has all ${failed}.</p>` : nothing}</section>`;
}

function failure({ number, label, name, error }: PlanFailure): TemplateResult {
  return html`<li data-code=${error.code}><p><strong>${number}. ${visible(label)}</strong> <span class="quiet">as ${visible(name)}</span></p>
    <p>${prose(error.message)} <span class="quiet">${prose(error.advice)}</span> <code class="code">${visible(error.code)}</code></p></li>`;
}

function actions(status: PlanStatus, { stop, resume, anew }: RunActions): TemplateResult {
  if (isBusy(status)) {
    return html`<div class="actions">${
      ['approving', 'second-approving', 'running'].includes(status.state)
        ? html`<button type="button" class="button" @click=${stop}>Stop</button>`
        : nothing
    }</div>`;
  }
  const left = status.lines > status.done;
  return html`<div class="actions no-print">
    ${left ? html`<button type="button" class="button button-primary" @click=${resume}>${status.failed > 0 ? 'Go on, and try the failed ones again' : 'Go on'}</button>` : nothing}
    <button type="button" class="button" @click=${anew}>More keys</button>
    <button type="button" class="button button-quiet" @click=${() => print()}>Print this page</button>
  </div>`;
}
