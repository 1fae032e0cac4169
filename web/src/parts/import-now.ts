import { html, nothing, type TemplateResult } from 'lit';
import type { ImportRun, Seen } from '../import-run';
import type { Delivery, SessionInfo } from '../pkg/keyferry_wasm';
import { IMPORT_STAGES } from '../stages';
import { address } from './address';
import { Screen } from './element';
import { facts } from './facts';
import { findingList } from './findings';
import { type IconName, icon } from './icon';
import { importFields, operationsOf, wishesOf } from './import-form';
import { lookBox } from './look';
import { problemBox } from './problem';
import { prose } from './prose';
import { stageList } from './stages';
import { thumbprint } from './thumbprint';
import { verificationLines } from './verification';

/** The import through the bridge, what was seen of it, and the end of the KEK. */
export class ImportNow extends Screen {
  static override properties = { ...Screen.properties, exportable: { state: true } };
  declare exportable: boolean;

  constructor() {
    super();
    this.exportable = false;
  }

  override render() {
    const { importing, run, session } = this.flow;
    const delivery = run?.delivery;
    if (!run || !delivery || !session) return nothing;
    if (importing?.state === 'done')
      return html`${this.#seen(importing)}${this.#retirement(importing, session)}`;
    const running = importing?.state === 'running';
    return html`<section class="card deliver" aria-labelledby="import-now">
      <h2 id="import-now">Import it now</h2>
      <p>The bridge hands the file to the vault and compares what the vault then holds with what the HSM holds. You are asked before, natively.</p>
      <h3>SHA-256 of the file</h3>
      ${thumbprint(delivery.sha256, 'the file’s SHA-256', 'small')}
      ${importing ? problemBox(importing.problem, importing.isOpen ? settle() : undefined) : nothing}
      ${running ? this.#running(importing, session) : nothing}
      <form ?hidden=${running} @submit=${this.#import}>
        ${this.#fields(delivery, run.vaultKeyName)}
        <button class="button button-primary">${icon('next')} ${importing ? 'Try the import again' : 'Import now'}</button>
      </form>
    </section>`;
  }

  #fields(delivery: Delivery, name: string): TemplateResult {
    const operations = operationsOf(delivery.importCommands(name));
    return importFields(name, operations, this.exportable, (on) => {
      this.exportable = on;
    });
  }

  #running(run: ImportRun, session: SessionInfo): TemplateResult {
    return html`${run.stages.at(-1) === 'approving' ? lookBox(session, 'approval', 'Compare the file’s SHA-256 and answer') : nothing}
      ${run.waiting ? html`<div class="box box-warning" role="status" data-code="waiting">${icon('warning')}<div><p class="box-title">Waiting for the vault</p><p>${prose(run.waiting)}</p></div></div>` : nothing}
      ${stageList(IMPORT_STAGES, run, 'Stages of the import')}`;
  }

  #seen(run: ImportRun): TemplateResult | typeof nothing {
    const answer = run.answer;
    if (!answer) return nothing;
    const [look, drawn, words] = STANDING[run.seen];
    return html`<section class="card verdict verdict-${look}" aria-labelledby="imported" data-seen=${run.seen}>
      <div class="card-head"><h2 id="imported" tabindex="-1">${icon(drawn)}${words}</h2></div>
      ${run.seen === 'other' ? html`<p role="alert"><strong>Do not use this key.</strong> Disable it in the vault, keep the file, and report it with the token's model and firmware.</p>` : nothing}
      ${verificationLines(answer)}
      ${facts([
        ['Key identifier', address(answer.kid)],
        ['Audit line', html`${answer.audit.seq} <code class="long">${answer.audit.hash}</code>`],
      ])}
      ${findingList(answer.verification.findings.filter((finding) => finding.severity !== 'error'))}
    </section>`;
  }

  #retirement(run: ImportRun, session: SessionInfo): TemplateResult | typeof nothing {
    if (run.seen === 'other') return nothing;
    if (run.retired) {
      return html`<section class="card" aria-labelledby="retire"><h2 id="retire" tabindex="-1">${icon('check')}
          ${run.retired.how === 'delete' ? 'The KEK is deleted' : 'The KEK is disabled'}</h2>
        <p>Nothing can be imported with it any more. The next key needs a new one.</p></section>`;
    }
    const waiting = this.flow.waiting === 'retire';
    return html`<section class="card no-print" aria-labelledby="retire">
      <h2 id="retire">Retire the KEK</h2>
      <p>It has served. If no other key follows, disable it or delete it, so that nothing more can be imported with it. The imported key stays.</p>
      <div class="actions actions-first">
        <button type="button" class="button" ?disabled=${this.flow.waiting !== null} @click=${() => this.#retire('disable')}>Disable this version</button>
        <button type="button" class="button" ?disabled=${this.flow.waiting !== null} @click=${() => this.#retire('delete')}>Delete it, all versions</button>
      </div>
      ${waiting ? lookBox(session, 'approval', 'Whether the KEK may go is asked') : nothing}
    </section>`;
  }

  readonly #import = async (event: SubmitEvent) => {
    event.preventDefault();
    await this.flow.import(wishesOf(event.target as HTMLFormElement));
    await this.updateComplete;
    // The pressed button is gone: reading goes on with what came of it.
    this.querySelector<HTMLElement>('#imported')?.focus();
  };

  async #retire(how: 'disable' | 'delete'): Promise<void> {
    await this.flow.retire(how);
    await this.updateComplete;
    this.querySelector<HTMLElement>('#retire[tabindex]')?.focus();
  }
}
customElements.define('kf-import-now', ImportNow);

const STANDING: Record<Seen, ['good' | 'asks' | 'bad', IconName, string]> = {
  same: ['good', 'check', "The vault holds your HSM's key"],
  unseen: ['asks', 'ask', 'Imported. That it is the same key cannot be seen'],
  other: ['bad', 'cross', "The vault's key is not your HSM's key"],
};

function settle(): TemplateResult {
  return html`<p>Whether the vault took the file is not known here. Import it again: the bridge asks the vault first, and does not import twice.</p>`;
}
