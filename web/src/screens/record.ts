import { html, nothing, type TemplateResult } from 'lit';
import { visible } from '../core';
import '../parts/copy';
import { address } from '../parts/address';
import { Screen } from '../parts/element';
import { facts } from '../parts/facts';
import { findingList } from '../parts/findings';
import { icon } from '../parts/icon';
import { problemBox } from '../parts/problem';
import type { AuditFinding, AuditLine, Finding, Outcome, RecordAnswer } from '../pkg/keyferry_wasm';
import { Problem } from '../problem';

/** How many lines are asked for at once. */
const MOST = 50;

const OUTCOMES: Record<Outcome, string> = {
  intended: 'Intended',
  done: 'Done',
  refused: 'Refused',
  failed: 'Failed',
};

const MARKS = { intended: 'note', done: 'check', refused: 'cross', failed: 'warning' } as const;

/** The record: whether it holds, where it stands, and its lines, the newest first. */
export class RecordScreen extends Screen {
  static override properties = {
    ...Screen.properties,
    seen: { state: true },
    refused: { state: true },
    waiting: { state: true },
  };
  declare seen: RecordAnswer | null;
  declare refused: Problem | null;
  declare waiting: boolean;

  #text = '';
  #outcome: Outcome | null = null;
  #turn = 0;

  constructor() {
    super();
    this.seen = null;
    this.refused = null;
    this.waiting = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#read();
  }

  override render() {
    return html`<h1 tabindex="-1">The record</h1>
      <p class="lead">What was asked, approved and done with keys on this machine: each line holds the hash of the one before.</p>
      ${problemBox(this.refused)}
      ${this.seen ? this.#verdict(this.seen) : nothing}
      <form class="card record-filter" @submit=${this.#asked} role="search" aria-label="Lines of the record">
        <div class="field"><label for="record-text">Text in the line</label>
          <input id="record-text" name="text" type="search" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="record-outcome">Outcome</label>
          <select id="record-outcome" name="outcome">
            <option value="">All</option>
            ${Object.entries(OUTCOMES).map(([name, words]) => html`<option value=${name}>${words}</option>`)}
          </select></div>
        <button class="button" ?disabled=${this.waiting}>Show</button>
      </form>
      ${this.seen ? this.#lines(this.seen) : this.waiting ? html`<p class="quiet">Reading the record…</p>` : nothing}`;
  }

  #verdict({ verdict }: RecordAnswer): TemplateResult {
    const head = `${verdict.head.seq}:${verdict.head.hash}`;
    return html`<section class="card verdict verdict-${verdict.intact ? 'good' : 'bad'}" aria-labelledby="record-verdict" data-intact=${verdict.intact}>
      <div class="card-head"><h2 id="record-verdict">${icon(verdict.intact ? 'check' : 'cross')}${verdict.intact ? 'Every line is there as it was written' : 'The record does not hold'}</h2></div>
      ${facts([
        ['Lines', verdict.lines],
        [
          'Head',
          html`<code class="record-head">${head}</code> <kf-copy .text=${head} what="the head"></kf-copy>`,
        ],
      ])}
      <p class="quiet">Keep the head elsewhere: <code>keyferry audit verify --head</code> then shows every later change of a line before it.</p>
      ${findingList(verdict.findings.map(placed))}
    </section>`;
  }

  #lines(seen: RecordAnswer): TemplateResult {
    const left = seen.matching - seen.lines.length;
    return html`<p class="record-count" role="status">${counted(seen.matching)}${left > 0 ? `, the newest ${seen.lines.length} shown` : ''}${seen.verdict.intact ? nothing : '. Only lines that hold are listed'}</p>
      <ol class="plain record-lines">${seen.lines.map((line) => this.#line(line))}</ol>
      ${left > 0 ? html`<p><button type="button" class="button" ?disabled=${this.waiting} @click=${this.#more}>Show older lines</button></p>` : nothing}`;
  }

  #line(line: AuditLine): TemplateResult {
    const kid = line.vault_kid ?? line.kid;
    return html`<li class="card record-line" data-seq=${line.seq}>
      <h3>${icon(MARKS[line.outcome])}<span>${line.seq}. ${words(line.event)}: ${OUTCOMES[line.outcome]}</span></h3>
      <p class="quiet"><time datetime=${line.time}>${line.time}</time>${line.code ? html` · <code>${visible(line.code)}</code>` : nothing}</p>
      ${facts([
        ['Key', line.key_label ? visible(line.key_label) : null],
        ['Kind', line.target],
        [line.vault_kid ? 'Key in the vault' : 'KEK', kid ? address(kid) : null],
        ['Asked by', words(line.asked_by)],
        ['Approved', line.approval ? words(line.approval) : null],
        ['Second approver', line.second_approver ? visible(line.second_approver) : null],
        ['Plan', line.plan_sha256 ? html`<code>${line.plan_sha256}</code>` : null],
        ['Keys', line.plan_keys],
      ])}
      <details class="fold"><summary>Place in the chain<span class="unseen"> of line ${line.seq}</span></summary>
        ${facts([
          ['Hash', html`<code>${line.hash}</code>`],
          ['Hash before', html`<code>${line.prev}</code>`],
        ])}
      </details>
      <p><button type="button" class="button button-small" @click=${() => this.#print(line.seq)}>Page to print<span class="unseen"> of line ${line.seq}</span></button></p>
    </li>`;
  }

  readonly #asked = (event: SubmitEvent) => {
    event.preventDefault();
    const asked = new FormData(event.target as HTMLFormElement);
    const outcome = String(asked.get('outcome') ?? '');
    this.#text = String(asked.get('text') ?? '').trim();
    this.#outcome = Object.hasOwn(OUTCOMES, outcome) ? (outcome as Outcome) : null;
    void this.#read();
  };

  readonly #more = async () => {
    const shown = this.seen;
    const last = shown?.lines.at(-1);
    if (!shown || !last) return;
    const older = await this.#ask(last.seq);
    if (older) this.seen = { ...older, lines: [...shown.lines, ...older.lines] };
  };

  async #read(): Promise<void> {
    const seen = await this.#ask(null);
    if (!seen) return;
    this.seen = seen;
    this.flow.say(
      seen.verdict.intact ? 'Every line of the record is there.' : 'The record does not hold.',
    );
  }

  /** The last that was asked counts. */
  async #ask(before: number | null): Promise<RecordAnswer | null> {
    this.#turn += 1;
    const turn = this.#turn;
    this.waiting = true;
    try {
      const answer = await this.flow.record({
        text: this.#text || null,
        outcome: this.#outcome,
        event: null,
        before,
        most: MOST,
      });
      if (turn !== this.#turn) return null;
      this.refused = null;
      return answer;
    } catch (thrown) {
      if (turn === this.#turn) this.#fail(thrown);
      return null;
    } finally {
      if (turn === this.#turn) this.waiting = false;
    }
  }

  async #print(seq: number): Promise<void> {
    try {
      this.flow.savePage(await this.flow.recordPage(seq));
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** What concerns the whole page stands above the screen, with the button that helps. */
  #fail(thrown: unknown): void {
    const problem = Problem.from(thrown);
    if (this.flow.takes(problem)) this.refused = null;
    else this.refused = problem;
  }
}
customElements.define('kf-record', RecordScreen);

/** A finding with its place in front. */
function placed(finding: AuditFinding): Finding {
  const { file, line, code, severity, advice } = finding;
  const place = file && line ? `In ${file}, line ${line}: ` : '';
  return { code, severity, message: `${place}${finding.message}`, advice };
}

function counted(lines: number): string {
  if (lines === 0) return 'No line of the record is like this';
  return lines === 1 ? '1 line' : `${lines} lines`;
}

/** `wrap-outcome` as people say it. */
function words(name: string): string {
  const spaced = name.replaceAll('-', ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
