import { html, nothing, type TemplateResult } from 'lit';
import { isRefused } from '../attestation';
import { visible } from '../core';
import { Screen } from '../parts/element';
import { icon } from '../parts/icon';
import { problemBox } from '../parts/problem';
import type { PlanStatus } from '../pkg/keyferry_wasm';
import { Batch, isBusy } from './batch';
import './choose';
import { planView } from './plan';
import { runView } from './run';

/** Many keys at once: chosen, planned, approved once, run. */
export class BatchScreen extends Screen {
  #hadFocus = false;

  override connectedCallback(): void {
    super.connectedCallback();
    const { flow } = this;
    if (!flow.bridge) return;
    flow.batch ??= new Batch(
      flow.bridge,
      (spoken) => (spoken === undefined ? flow.changed() : flow.say(spoken)),
      (problem) => flow.takes(problem),
    );
    void flow.batch.look();
    if (flow.session?.unlocked && !flow.keys) void flow.loadKeys();
  }

  override willUpdate(): void {
    this.#hadFocus = this.contains(document.activeElement);
  }

  override updated(): void {
    // What had it is gone from the screen.
    if (this.#hadFocus && !this.contains(document.activeElement)) this.#focusHeading();
  }

  override render() {
    const { batch, session } = this.flow;
    if (!batch || !session) {
      return html`<h1 tabindex="-1">Many keys</h1><p class="lead">This window is not connected to a bridge.</p>`;
    }
    if (batch.status) {
      return html`${problemBox(batch.problem)}${runView(batch.status, session, batch.stopAsked, {
        stop: () => void batch.stop(),
        resume: () => void this.#run(batch.status),
        save: () => void this.#save(batch),
        anew: () => batch.anew(),
      })}`;
    }
    if (batch.plan) {
      return html`${problemBox(batch.problem)}${planView(batch.plan, batch.wanted, {
        run: () => void this.#run(batch.plan && { hash: batch.plan.hash, import: batch.import }),
        back: () => batch.back(),
        import: session.vault === 'online' ? batch.import : null,
        turnImport: (on) => {
          batch.import = on;
          batch.changed();
        },
      })}`;
    }
    return html`<h1 tabindex="-1">Many keys</h1>
      <p class="lead">Choose the keys, read the plan, say yes to it once: the bridge wraps them one after the other, each into a file of
        its own${session.vault === 'online' ? ', and imports them if you want' : nothing}. It can be stopped at any moment and gone on with.</p>
      ${problemBox(batch.problem)}
      ${this.#unfinished(batch)}
      ${this.#choice(batch)}`;
  }

  #unfinished(batch: Batch): TemplateResult | typeof nothing {
    if (batch.unfinished.length === 0) return nothing;
    return html`<section class="card" aria-labelledby="unfinished">
      <h2 id="unfinished">Not finished yet</h2>
      <ul class="plain unfinished">${batch.unfinished.map((status) => this.#one(status))}</ul>
    </section>`;
  }

  #one(status: PlanStatus): TemplateResult {
    const left = status.lines - status.done;
    return html`<li><p><strong>${status.lines === 1 ? 'One key' : `${left} of ${status.lines} keys`} left</strong> for ${visible(status.vault)}${status.import ? ', to be imported' : nothing};
        <span class="quiet">plan ${status.hash.slice(0, 8)}…</span></p>
      <button type="button" class="button button-small" @click=${() => this.#run(status)}>
        ${isBusy(status) ? 'Look at it' : 'Go on with it'}</button></li>`;
  }

  #choice(batch: Batch): TemplateResult {
    const { flow } = this;
    const { kek, attestation } = flow;
    if (!kek?.verdict.admitted || (attestation && isRefused(attestation))) {
      return html`<div class="box box-warning">${icon('ask')}<div><p class="box-title">Which vault are they for?</p>
        <p>Give the vault's key exchange key first: all keys of a plan are wrapped to it.</p>
        <p><button type="button" class="button button-small" @click=${() => flow.resume()}>To the KEK</button></p></div></div>`;
    }
    return html`<kf-choose .flow=${flow} .batch=${batch} @planned=${this.#plan}></kf-choose>`;
  }

  readonly #plan = async () => {
    const { batch, kek, attestation } = this.flow;
    if (!batch || !kek) return;
    await batch.make(kek, attestation?.input.document ?? null);
    await this.#heading();
  };

  async #run(which: Pick<PlanStatus, 'hash' | 'import'> | null): Promise<void> {
    const { batch } = this.flow;
    if (!batch || !which) return;
    const run = batch.run(which);
    await this.#heading();
    await run;
    await this.#heading();
  }

  async #save(batch: Batch): Promise<void> {
    const report = await batch.report();
    if (report) this.flow.savePage(report);
  }

  /** What was pressed is gone from the screen. */
  async #heading(): Promise<void> {
    await this.updateComplete;
    this.#focusHeading();
  }

  #focusHeading(): void {
    this.querySelector('h1')?.focus({ preventScroll: true });
  }
}
customElements.define('kf-batch', BatchScreen);
