import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part } from '../parts/element';

/** Rows beyond the edge that are drawn, too: a flick of the wheel meets no blank. */
const BEYOND = 8;

/** A row that was pressed, or reached and pressed by the keyboard. */
export class RowPressed extends Event {
  constructor(readonly index: number) {
    super('rowpressed');
  }
}

/**
 * A long list of which only what is in sight is drawn: ten thousand rows scroll as ten do. With `chosen` it is a
 * list box of which many may be chosen, by mouse or keyboard; without, it is a list to read.
 */
export class Rows<T = unknown> extends Part {
  static override properties = {
    rows: { attribute: false },
    row: { attribute: false },
    name: { attribute: false },
    chosen: { attribute: false },
    label: {},
    first: { state: true },
    at: { state: true },
  };
  declare rows: readonly T[];
  declare row: (item: T) => TemplateResult;
  /** What tells a row from the others. */
  declare name: (item: T) => string;
  /** Whether a row is chosen; null when it cannot be. */
  declare chosen: ((item: T) => boolean | null) | null;
  declare label: string;
  declare first: number;
  declare at: number;

  constructor() {
    super();
    this.rows = [];
    this.chosen = null;
    this.label = '';
    this.first = 0;
    this.at = 0;
  }

  override render() {
    const inSight = Math.ceil(this.#box().clientHeight / this.#height()) + 2 * BEYOND;
    const begin = Math.max(0, Math.min(this.first - BEYOND, this.rows.length - inSight));
    const shown = this.rows.slice(begin, begin + inSight);
    const choosing = this.chosen !== null;
    const at = Math.min(this.at, this.rows.length - 1);
    return html`<div class="rows" tabindex="0" role=${choosing ? 'listbox' : 'list'} aria-label=${this.label}
        aria-multiselectable=${choosing ? 'true' : nothing} aria-activedescendant=${choosing && at >= begin && at < begin + shown.length ? `row-${at}` : nothing}
        @scroll=${this.#scrolled} @keydown=${choosing ? this.#key : nothing}>
      <div class="rows-rest" role="presentation" data-rows=${begin}></div>
      ${repeat(shown, this.name, (item, i) => this.#line(item, begin + i, at))}
      <div class="rows-rest" role="presentation" data-rows=${this.rows.length - begin - shown.length}></div>
    </div>`;
  }

  #line(item: T, index: number, at: number): TemplateResult {
    if (!this.chosen) {
      return html`<div class="row" role="listitem" aria-setsize=${this.rows.length} aria-posinset=${index + 1}>${this.row(item)}</div>`;
    }
    const chosen = this.chosen(item);
    return html`<div class="row ${chosen ? 'row-chosen' : ''} ${index === at ? 'row-at' : ''}" role="option" id="row-${index}"
        aria-selected=${chosen === true ? 'true' : 'false'} aria-disabled=${chosen === null ? 'true' : nothing}
        aria-setsize=${this.rows.length} aria-posinset=${index + 1} @click=${() => this.#press(index)}>
      <span class="row-box" aria-hidden="true">${chosen === null ? '–' : chosen ? '✓' : ''}</span>${this.row(item)}</div>`;
  }

  override updated(): void {
    // The policy lets no markup carry a style; the object model may.
    const height = this.#height();
    for (const rest of this.querySelectorAll<HTMLElement>('.rows-rest'))
      rest.style.height = `${Number(rest.dataset.rows) * height}px`;
  }

  override firstUpdated(): void {
    // The box has its height only now.
    this.requestUpdate();
  }

  #press(index: number): void {
    this.at = index;
    this.dispatchEvent(new RowPressed(index));
  }

  readonly #scrolled = () => {
    this.first = Math.floor(this.#box().scrollTop / this.#height());
  };

  readonly #key = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(this.#box().clientHeight / this.#height()) - 1);
    const last = this.rows.length - 1;
    // Fewer rows than before: the mark stands on the last.
    const at = Math.min(this.at, last);
    const to: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    };
    const target = to[event.key];
    if (event.key === ' ' || event.key === 'Enter') this.#press(at);
    else if (target === undefined) return;
    else this.#go(Math.max(0, Math.min(target, last)));
    event.preventDefault();
  };

  /** Moves the mark, and the list under it. */
  #go(index: number): void {
    this.at = index;
    const box = this.#box();
    const height = this.#height();
    const top = index * height;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + box.clientHeight)
      box.scrollTop = top + height - box.clientHeight;
  }

  #box(): HTMLElement {
    return this.querySelector<HTMLElement>('.rows') ?? this;
  }

  /** A row's height as the style sheet has it: 3.5 rem. */
  #height(): number {
    return 3.5 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  }
}
customElements.define('kf-rows', Rows);
