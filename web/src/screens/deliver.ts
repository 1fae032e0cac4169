import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { Seen } from '../import-run';
import { address } from '../parts/address';
import { outcomeLines } from '../parts/attestation-lines';
import { command } from '../parts/command';
import { Screen } from '../parts/element';
import { facts } from '../parts/facts';
import { findingList } from '../parts/findings';
import { icon } from '../parts/icon';
import '../parts/tabs';
import { thumbprint } from '../parts/thumbprint';
import type { Delivery, RestCall, SelfTest } from '../pkg/keyferry_wasm';
import { tokenName } from './review';

/** The core's word for the file within the REST body. */
const FILE_STANDS_HERE = 'BASE64URL-OF-THE-FILE';

/** The core's note that no command can carry this file to Azure. */
const PRACTICE = 'practice-vault';

const OUTCOME: Record<Seen, string> = {
  same: 'Carried over and verified',
  unseen: 'Carried over',
  other: 'Stop: the vault holds another key',
};

/** The file, what it is, and the exact way into the vault. */
export class DeliverScreen extends Screen {
  override render() {
    const { importing, run, session } = this.flow;
    const delivery = run?.delivery;
    if (!run || !delivery || !session) return nothing;
    const { answer } = delivery;
    const name = delivery.fileName(run.vaultKeyName);
    const online = session.vault === 'online';
    const seen = importing?.state === 'done' ? importing.seen : null;
    return html`<h1 tabindex="-1">${seen ? OUTCOME[seen] : 'Ready to carry over'}</h1>
      <p class="lead">${
        seen
          ? html`“${visible(run.key.label)}” went to the vault in a file that only the KEK's private half opens.`
          : html`The file holds “${visible(run.key.label)}”, wrapped so that only the vault's KEK can open it.
              This page checked that the answer belongs to your order.`
      }</p>
      ${seen ? nothing : findingList(answer.findings)}
      ${online && this.flow.has('vault') ? html`<kf-import-now .flow=${this.flow}></kf-import-now>` : nothing}
      ${seen ? findingList(answer.findings) : nothing}
      <section class="card ${online ? '' : 'deliver'}" id="the-file" aria-labelledby="file">
        <div class="card-head"><h2 id="file" class="long">${icon('file')}${name}</h2></div>
        <div class="actions actions-first"><button type="button" class="button ${online ? '' : 'button-primary'}" @click=${() => this.#save(delivery, run.vaultKeyName)}>
          ${icon('download')} Download the file</button></div>
        <h3>SHA-256 of the file</h3>
        ${thumbprint(delivery.sha256, 'the file’s SHA-256', 'small')}
        ${facts([
          ['Key', html`${visible(run.key.label)} <span class="pill">${answer.target}</span>`],
          ['From token', tokenName(session)],
          ['For KEK', address(answer.kid)],
          [
            'KEK thumbprint',
            thumbprint(answer.kek_thumbprint_sha256, 'the KEK’s thumbprint', 'small'),
          ],
          ['Wrapped by', html`<code>${answer.strategy}</code>`],
          ['Self-test', selfTest(answer.self_test)],
          ['Attestation of the KEK', answer.attestation ? outcomeLines(answer.attestation) : null],
          ['Generator', visible(answer.generator)],
          ['Audit line', html`${answer.audit.seq} <code class="long">${answer.audit.hash}</code>`],
        ])}
      </section>
      ${seen ? nothing : this.#import(delivery, run.vaultKeyName)}
      <div class="actions no-print">
        <button type="button" class="button" ?disabled=${this.flow.isImporting} @click=${() => this.flow.again()}>Move another key</button>
        <button type="button" class="button button-quiet" @click=${() => print()}>Print this page</button>
      </div>`;
  }

  #import(delivery: Delivery, name: string): TemplateResult {
    const commands = delivery.importCommands(name);
    if (commands.notes.some((note) => note.code === PRACTICE)) {
      return html`<section class="card" aria-labelledby="import">
        <h2 id="import">Import it by hand</h2>
        <p>With a real vault's KEK, this is where the exact import commands for this kind of key stand.</p>
        ${findingList(commands.notes)}
      </section>`;
    }
    const tabs = [
      { name: 'Azure CLI', body: command(commands.az, 'Import command for the Azure CLI') },
      {
        name: 'PowerShell',
        body: commands.powershell
          ? command(commands.powershell, 'Import command for PowerShell')
          : html`<p>The Az module for PowerShell cannot import this kind of key. Use the Azure CLI or REST.</p>`,
      },
      {
        name: 'REST',
        body: restCall(commands.rest, delivery),
      },
    ];
    return html`<section class="card" aria-labelledby="import">
      <h2 id="import">Import it by hand</h2>
      <p>Run one of these in the folder that holds the file, signed in as someone who may import keys. Each is complete for this kind of key.</p>
      ${findingList(commands.notes)}
      <kf-tabs label="Ways to import" .tabs=${tabs}></kf-tabs>
    </section>`;
  }

  #save(delivery: Delivery, name: string): void {
    try {
      delivery.save(name);
    } catch (thrown) {
      this.flow.fail(thrown);
      return;
    }
    this.flow.say(`${delivery.fileName(name)} was handed to the browser's downloads.`);
  }
}
customElements.define('kf-deliver', DeliverScreen);

/** Shown with a word in the file's place; copied with the file itself. */
function restCall(rest: RestCall, delivery: Delivery): TemplateResult {
  const text = `${rest.method} ${rest.url}\nContent-Type: application/json\n\n${rest.body}`;
  const file = base64url(delivery.file);
  return html`${command(text, 'Import request for the REST interface', text.replace(FILE_STANDS_HERE, file))}
    <p class="hint">Copying puts the whole file in the place of <code>${FILE_STANDS_HERE}</code>. Send it with your own access token.</p>`;
}

function base64url(bytes: Uint8Array): string {
  const standard = btoa(String.fromCharCode(...bytes));
  return standard.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** What the self-test on this token showed, in plain words. */
function selfTest(result: SelfTest): TemplateResult {
  switch (result) {
    case 'exact':
      return html`<span class="pill pill-ok">exact</span> A throwaway key wrapped by this method opened to exactly itself.`;
    case 'trailing-zeros':
      return html`<span class="pill pill-warning">trailing zeros</span> A throwaway key opened to itself, followed by up to seven zero bytes that
        this token adds before it wraps. Readers that follow the standard stop where the key ends, but what Azure makes of the extra bytes is not known.
        If the import is refused, this is the first thing to name.`;
    default:
      return html`<span class="pill pill-bad">${result}</span> The method was not proven on this token.`;
  }
}
