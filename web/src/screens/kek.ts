import { html, nothing, type TemplateResult } from 'lit';
import { readInput, visible } from '../core';
import { asksForKid, type ExaminedKek, type KekInput, lacksOnlyKid } from '../kek-input';
import { address } from '../parts/address';
import '../parts/attestation-step';
import { command } from '../parts/command';
import type { FileGiven } from '../parts/drop';
import '../parts/drop';
import { Screen } from '../parts/element';
import { facts } from '../parts/facts';
import { findingList } from '../parts/findings';
import { type IconName, icon } from '../parts/icon';
import { offline } from '../parts/offline';
import { problemBox } from '../parts/problem';
import { thumbprint } from '../parts/thumbprint';
import type { KekFetched } from '../parts/vault-keks';
import { Problem } from '../problem';
import { host } from './review';

const MEASURE = 'kek-verdict';

/** The vault's key exchange key: given, examined, and compared by its thumbprint. */
export class KekScreen extends Screen {
  static override properties = { ...Screen.properties, refused: { state: true } };
  declare refused: Problem | null;

  constructor() {
    super();
    this.refused = null;
  }

  override render() {
    const { kek } = this.flow;
    return html`<h1 tabindex="-1">The vault's key exchange key</h1>
      <p class="lead">The <abbr title="key exchange key">KEK</abbr> is a public key that your vault made for this import. Your key is wrapped
        to it; only the vault holds the half that can open it.</p>
      ${problemBox(this.refused)}
      ${kek ? this.#verdict(kek) : this.#ask()}`;
  }

  #ask(): TemplateResult {
    const practice = this.flow.session?.practice?.kek;
    return html`<kf-drop prompt="Drop the KEK's file here: JSON from az, PEM or DER" @filegiven=${this.#given}></kf-drop>
      ${this.#vault()}
      ${
        practice
          ? html`<div class="practice"><p>No vault at hand? This run has a practice vault with a KEK of its own.</p>
              <button type="button" class="button" @click=${() => this.#text('practice KEK', practice)}>Use the practice KEK</button></div>`
          : nothing
      }
      <details class="fold"><summary>Paste it instead</summary>
        <form @submit=${this.#pasted}>
          <label for="kek-text">Text of the KEK (JSON or PEM)</label>
          <textarea id="kek-text" name="text" rows="8" spellcheck="false" autocomplete="off" required></textarea>
          <button class="button">Examine it</button>
        </form>
      </details>
      <details class="fold"><summary>How to get the KEK's file</summary>
        <p>Anyone who may read keys in the vault can run this. The JSON form says more than a PEM, so more can be checked.</p>
        ${command('az keyvault key show --vault-name VAULT --name KEK -o json > kek.json', 'Command that saves the KEK')}
        <p>If the vault has none yet, make one (the vault must be of the Premium tier, or a Managed HSM):</p>
        ${command('az keyvault key create --kty RSA-HSM --size 4096 --name KEK --ops import --vault-name VAULT', 'Command that makes a KEK')}
      </details>`;
  }

  #vault(): TemplateResult | typeof nothing {
    const vault = this.flow.session?.vault;
    if (!vault) return nothing;
    if (vault !== 'online') return offline(vault === 'offline');
    if (!this.flow.has('vault')) return html`<p class="aside">Loading…</p>`;
    return html`<kf-vault-keks .flow=${this.flow} @kekfetched=${this.#fetched}></kf-vault-keks>`;
  }

  #verdict(kek: ExaminedKek): TemplateResult {
    const { input, verdict } = kek;
    const [look, drawn, words] = standing(kek);
    const shown = verdict.findings.filter(
      (finding) => look !== 'asks' || finding.severity !== 'error',
    );
    return html`<section class="card verdict verdict-${look}" aria-labelledby="verdict" data-admitted=${verdict.admitted}>
        <div class="card-head"><h2 id="verdict" tabindex="-1">${icon(drawn)}${words}</h2></div>
        ${facts([
          ['From', visible(input.name)],
          ['Key identifier', verdict.kid ? address(verdict.kid) : null],
          ['Size', verdict.bits ? `RSA, ${verdict.bits} bits` : null],
          ['Exponent', verdict.exponent?.toString()],
        ])}
        ${asksForKid(kek) ? this.#kid(input) : nothing}
        ${findingList(shown)}
      </section>
      ${verdict.thumbprint_sha256 ? this.#compare(verdict.thumbprint_sha256, kek.examination.thumbprintCommand) : nothing}
      ${
        // A practice vault attests nothing.
        verdict.admitted && host(verdict) !== this.flow.session?.practice?.authority
          ? html`<kf-attestation .flow=${this.flow}></kf-attestation>`
          : nothing
      }
      <div class="actions">
        ${
          this.flow.can('key')
            ? html`<button type="button" class="button button-primary" @click=${() => this.flow.go('key')}>Continue ${icon('next')}</button>`
            : nothing
        }
        <button type="button" class="button" @click=${this.#another}>Take another KEK</button>
      </div>`;
  }

  #kid(kek: KekInput): TemplateResult {
    return html`<form class="kid" @submit=${this.#kidGiven}>
      <label for="kid">Key identifier of this KEK</label>
      <p class="hint" id="kid-hint">A PEM or DER does not say which vault it belongs to. The vault shows this address beside the key;
        it looks like <code class="long">https://VAULT.vault.azure.net/keys/KEK/0123…</code></p>
      <div class="field-row">
        <input id="kid" name="kid" type="text" inputmode="url" .value=${kek.kid} aria-describedby="kid-hint"
          spellcheck="false" autocomplete="off" autocapitalize="off" required>
        <button class="button">Check</button>
      </div>
    </form>`;
  }

  #compare(hex: string, line: string | undefined): TemplateResult {
    return html`<section class="card" aria-labelledby="thumb">
      <h2 id="thumb">Compare this thumbprint</h2>
      <p>A file can be swapped on its way. Have the same number read from the vault's side, by another person if you can,
        and go on only if every group agrees.</p>
      ${thumbprint(hex, 'the KEK’s thumbprint')}
      <p class="aside">SHA-256 of the public key (SubjectPublicKeyInfo, DER).</p>
      ${line ? html`<p>This prints it from the vault:</p>${command(line, "Command that prints the thumbprint from the vault's side")}` : html`<p>The demonstration printed it in its terminal when it made this KEK.</p>`}
    </section>`;
  }

  readonly #given = async (event: FileGiven) => {
    this.refused = null;
    try {
      const document = await readInput(event.file);
      await this.#examine({ name: event.file.name, document, kid: '' }, event.at);
    } catch (thrown) {
      this.#refuse(Problem.from(thrown));
    }
  };

  readonly #fetched = ({ kek, from, at }: KekFetched) => {
    this.refused = null;
    const document = new TextEncoder().encode(kek.document);
    void this.#examine({ name: from, document, kid: '' }, at);
  };

  readonly #pasted = (event: SubmitEvent) => {
    event.preventDefault();
    const text = new FormData(event.target as HTMLFormElement).get('text');
    if (typeof text === 'string') void this.#text('pasted text', text);
  };

  async #text(name: string, text: string): Promise<void> {
    this.refused = null;
    const document = new TextEncoder().encode(text);
    await this.#examine({ name, document, kid: '' }, performance.now());
  }

  readonly #kidGiven = (event: SubmitEvent) => {
    event.preventDefault();
    const kid = new FormData(event.target as HTMLFormElement).get('kid');
    const input = this.flow.kek?.input;
    if (input && typeof kid === 'string')
      void this.#examine({ ...input, kid: kid.trim() }, performance.now());
  };

  /** The time from the drop to the verdict on the screen is measured, and `make bench` reads it. */
  async #examine(input: KekInput, since: number): Promise<void> {
    try {
      await this.flow.examine(input);
    } catch (thrown) {
      this.#refuse(Problem.from(thrown));
      return;
    }
    await this.updateComplete;
    performance.measure(MEASURE, { start: since, end: performance.now() });
    // What was pressed is gone from the screen: the verdict is where reading goes on.
    this.querySelector<HTMLElement>('#verdict')?.focus({ preventScroll: true });
  }

  #refuse(problem: Problem): void {
    this.refused = problem;
    this.flow.dropKek();
  }

  readonly #another = async () => {
    this.flow.dropKek();
    await this.updateComplete;
    this.querySelector<HTMLElement>('kf-drop button')?.focus();
  };
}
customElements.define('kf-kek', KekScreen);

function standing(kek: ExaminedKek): ['good' | 'asks' | 'bad', IconName, string] {
  if (kek.verdict.admitted) return ['good', 'check', 'This KEK is admitted'];
  if (lacksOnlyKid(kek)) return ['asks', 'ask', 'One thing is missing: which vault is it from?'];
  return ['bad', 'cross', 'This KEK cannot be used'];
}
