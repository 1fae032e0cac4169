import { html, type TemplateResult } from 'lit';
import { Part } from './element';

export interface Tab {
  name: string;
  body: TemplateResult;
}

/** Tabs after the ARIA pattern: arrows move, one tab stop, each panel named by its tab. */
export class Tabs extends Part {
  static override properties = {
    tabs: { attribute: false },
    label: {},
    chosen: { state: true },
  };
  declare tabs: Tab[];
  declare label: string;
  declare chosen: number;

  constructor() {
    super();
    this.tabs = [];
    this.label = '';
    this.chosen = 0;
  }

  readonly #move = (event: KeyboardEvent) => {
    const last = this.tabs.length - 1;
    const next = {
      ArrowRight: this.chosen === last ? 0 : this.chosen + 1,
      ArrowLeft: this.chosen === 0 ? last : this.chosen - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.chosen = next;
    void this.updateComplete.then(() => {
      this.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus();
    });
  };

  override render() {
    return html`<div class="tabs" role="tablist" aria-label=${this.label} @keydown=${this.#move}>
      ${this.tabs.map(
        (tab, i) => html`<button type="button" class="tab" role="tab" id="tab-${i}"
          aria-selected=${i === this.chosen} aria-controls="panel-${i}" tabindex=${i === this.chosen ? 0 : -1}
          @click=${() => {
            this.chosen = i;
          }}>${tab.name}</button>`,
      )}
    </div>
    ${this.tabs.map(
      (
        tab,
        i,
      ) => html`<section class="panel" role="tabpanel" id="panel-${i}" aria-labelledby="tab-${i}" ?hidden=${i !== this.chosen}>
        <h3 class="print-only">${tab.name}</h3>${tab.body}
      </section>`,
    )}`;
  }
}
customElements.define('kf-tabs', Tabs);
