import { html, nothing, type TemplateResult } from 'lit';
import { type Attestation, isRefused } from '../attestation';
import { readInput, visible } from '../core';
import { Problem } from '../problem';
import { attestationLines, UNKNOWN_POOL } from './attestation-lines';
import { command } from './command';
import type { FileGiven } from './drop';
import './drop';
import { Screen } from './element';
import { findingList } from './findings';
import { icon } from './icon';
import { problemBox } from './problem';
import { thumbprint } from './thumbprint';

/** Said by the pool's line, with the fingerprint and the command beside it. */
const SAID_BY_ITS_LINE = 'pool-not-verified';

/** The attestation of the admitted KEK: given, verified, and told in three results. */
export class AttestationStep extends Screen {
  static override properties = { ...Screen.properties, unread: { state: true } };
  declare unread: Problem | null;

  constructor() {
    super();
    this.unread = null;
  }

  override render() {
    const { attestation, kek } = this.flow;
    if (!kek?.verdict.kid) return nothing;
    return html`<section class="card" id="attestation" aria-labelledby="attested">
      <h2 id="attested" tabindex="-1">${attestation ? 'What its attestation shows' : 'Attestation (optional)'}</h2>
      ${problemBox(this.unread)}
      ${attestation ? this.#shown(attestation) : this.#ask(kek.verdict.kid)}
    </section>`;
  }

  #ask(kid: string): TemplateResult {
    const attesting = inManagedHsm(kid);
    const [hsm, name] = attesting ?? ['HSM', 'KEK'];
    return html`<p>A Managed HSM signs where each of its keys was made: its attestation shows that this KEK lives in genuine hardware
        and cannot leave it. Key Vaults are not known to attest.</p>
      ${
        attesting
          ? html`<p class="attest-none" data-code="attestation-not-given">${icon('unchecked')}<span><strong>Not available:</strong> none was given,
              so nothing shows that this KEK lives in an HSM of Azure.</span></p>`
          : nothing
      }
      <kf-drop class="drop-small" prompt="Drop the attestation's file here" @filegiven=${this.#given}></kf-drop>
      <p>This saves it (az 2.73 or newer):</p>
      ${command(
        `az keyvault key get-attestation --hsm-name ${hsm} --name ${name} --file attestation.json`,
        'Command that saves the attestation',
      )}`;
  }

  #shown(attestation: Attestation): TemplateResult {
    const { input, own, verdict } = attestation;
    const refused = isRefused(attestation);
    return html`<p>${own ? html`It came within the KEK's own file.` : html`From ${visible(input.name)}.`} Three results; none stands for another.</p>
      ${attestationLines(
        {
          hardware: verdict.hardware.verdict,
          key: verdict.key.verdict,
          pool: verdict.pool.verdict,
        },
        { hardware: verdict.hardware.why, key: verdict.key.why, pool: pool(attestation) },
      )}
      ${
        refused
          ? html`<div class="box box-error" data-code="attestation-blocks">${icon('error')}<div>
              <p class="box-title">Do not wrap to this KEK as long as this stands.</p>
              <p>The bridge would refuse it as well. ${
                own
                  ? 'Fetch the file again from the Managed HSM itself, or take another KEK.'
                  : 'If it is the wrong file, take it away and give the right one.'
              }</p></div></div>`
          : nothing
      }
      ${findingList(verdict.findings.filter((finding) => finding.code !== SAID_BY_ITS_LINE))}
      ${
        own
          ? nothing
          : html`<div class="actions"><button type="button" class="button button-small" @click=${this.#away}>Take the attestation away</button></div>`
      }`;
  }

  readonly #given = async (event: FileGiven) => {
    this.unread = null;
    try {
      const document = await readInput(event.file);
      await this.flow.attest({ name: event.file.name, document });
    } catch (thrown) {
      this.unread = Problem.from(thrown);
    }
    await this.#goOn();
  };

  readonly #away = async () => {
    this.flow.dropAttestation();
    await this.#goOn();
  };

  /** What was pressed is gone from the screen. */
  async #goOn(): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>('#attested')?.focus({ preventScroll: true });
  }
}
customElements.define('kf-attestation', AttestationStep);

/** Whose pool it is takes a pin, and a page cannot set one. */
function pool({ verdict, input }: Attestation): TemplateResult | string {
  if (verdict.hardware.verdict !== 'genuine') return UNKNOWN_POOL;
  const owner = verdict.pool.fingerprint_sha256;
  if (!owner) return 'The file names no owner of the pool that could be believed.';
  return html`<p>An attacker's own pool attests as well. Compare the fingerprint of the owner's certificate with the pool's administrators
      by another way:</p>
    ${thumbprint(owner, 'the owner’s fingerprint', 'small')}
    <p>If it is theirs, pin it where the bridge runs; a page cannot. The bridge compares with its pin at each wrap, and its answer says so.</p>
    ${command(`keyferry attest pin ${fileWord(input.name)}`, 'Command that pins the pool')}`;
}

/** The file's name as a word that a shell takes as it stands, or the placeholder. */
function fileWord(name: string): string {
  return /^\w[\w.-]*$/.test(name) ? name : 'FILE';
}

/** Name of the Managed HSM and of the key, by an admitted identifier; null of another kind of vault. */
function inManagedHsm(kid: string): [hsm: string, key: string] | null {
  const { hostname, pathname } = new URL(kid);
  const [hsm, service] = hostname.split('.');
  const name = pathname.split('/')[2];
  return service === 'managedhsm' && hsm && name ? [hsm, name] : null;
}
