import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import { facts } from '../parts/facts';
import { icon } from '../parts/icon';
import { lookBox } from '../parts/look';
import { prose } from '../parts/prose';
import '../parts/copy';
import { thumbprint } from '../parts/thumbprint';
import type { PlanFailure, PlanStatus, SessionInfo } from '../pkg/keyferry_wasm';
import { isBusy } from './batch';

/** What can be done while a plan runs, and after. */
export interface RunActions {
  stop(): void;
  resume(): void;
  save(): void;
  anew(): void;
}

const SECOND = 1000;
const MINUTE = 60;

/** A plan as it goes: how many are done, how many failed, how long it takes; then what came of it. */
export function runView(
  status: PlanStatus,
  session: SessionInfo,
  stopAsked: boolean,
  on: RunActions,
): TemplateResult {
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
          status.folder
            ? html`<code class="long">${visible(status.folder)}</code> <kf-copy .text=${status.folder} what="the folder's path"></kf-copy>
                <p class="hint">On the machine where keyferry runs: the <code>.byok</code> files, each with its receipt.</p>`
            : null,
        ],
        [
          'Report',
          !busy && status.folder
            ? html`<code>batch-report.html</code> in that folder
                <p class="no-print"><button type="button" class="button button-small" @click=${on.save}>${icon('download')} Save the report</button></p>`
            : null,
        ],
      ])}
    </section>
    ${!busy && status.failed > 0 ? failures(status) : nothing}
    ${actions(status, stopAsked, on)}`;
}

function heading({ state, lines, done, failed, import: importing }: PlanStatus): string {
  const end = importing ? 'in the vault' : 'wrapped';
  const whole = lines === 1 ? `The key is ${end}` : `All ${lines} keys are ${end}`;
  switch (state) {
    case 'preparing':
      return 'Preparing';
    case 'approving':
    case 'second-approving':
      return `May ${keys(lines - done)} travel?`;
    case 'running':
      return `Wrapping ${importing ? 'and importing ' : ''}${keys(lines)}`;
    case 'stopping':
      return 'Stopping';
    case 'done':
      return failed > 0 ? `${are(done)} ${end}, ${failed} not` : whole;
    default:
      if (done === lines) return whole;
      if (done + failed > 0) return `Stopped: ${are(lines - done)} left`;
      return importing ? 'Nothing is in the vault yet' : 'Nothing was wrapped';
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
      return html`<p class="lead">It begins when a wrap that is under way has ended. The KEK is examined again, and the token proves its method on a throwaway key.${session.unlocked ? nothing : html` If a PIN is needed, it is asked for natively.`}${status.import ? html` Whether the bridge may sign in to the vault is asked natively, unless it has.` : nothing}</p>`;
    case 'approving':
      return lookBox(session, 'approval', "Compare the plan's number and answer");
    case 'second-approving':
      return lookBox(session, 'approval', 'The policy wants a second approver, who answers');
    case 'running':
      return status.waiting
        ? html`<div class="box box-warning" role="status" data-code="waiting">${icon('warning')}<div><p class="box-title">Waiting for the vault</p><p>${prose(status.waiting)}</p></div></div>`
        : nothing;
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
    ${failed > shown.length ? html`<p class="quiet">${failed === 1 ? 'The report says which, and why.' : `The report has all ${failed}.`}</p>` : nothing}</section>`;
}

function failure({ number, label, name, error }: PlanFailure): TemplateResult {
  return html`<li data-code=${error.code}><p><strong>${number}. ${visible(label)}</strong> <span class="quiet">as ${visible(name)}</span></p>
    <p>${prose(error.message)} <span class="quiet">${prose(error.advice)}</span> <code class="code">${visible(error.code)}</code></p></li>`;
}

function actions(
  status: PlanStatus,
  stopAsked: boolean,
  { stop, resume, anew }: RunActions,
): TemplateResult {
  if (isBusy(status)) {
    if (status.state === 'stopping') return html``;
    return stopAsked
      ? html`<p class="aside" data-stop-asked>The stop is asked for${status.state === 'running' ? nothing : html`: whatever is answered, nothing will be begun`}.</p>`
      : html`<div class="actions"><button type="button" class="button" @click=${stop}>Stop</button></div>`;
  }
  const left = status.lines > status.done;
  return html`<div class="actions no-print">
    ${left ? html`<button type="button" class="button button-primary" @click=${resume}>${status.failed > 0 ? 'Go on, and try the failed ones again' : 'Go on'}</button>` : nothing}
    <button type="button" class="button" @click=${anew}>More keys</button>
    <button type="button" class="button button-quiet" @click=${() => print()}>Print this page</button>
  </div>`;
}
