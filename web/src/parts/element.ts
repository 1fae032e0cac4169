import { LitElement } from 'lit';
import type { Flow } from '../flow';

/** An element in the light DOM: one stylesheet for the page, and no style made at run time. */
export abstract class Part extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** A part that shows the flow, and is drawn again whenever the flow changes. */
export abstract class Screen extends Part {
  static override properties = { flow: { attribute: false } };
  declare flow: Flow;

  readonly #refresh = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    this.flow.addEventListener('change', this.#refresh);
  }

  override disconnectedCallback(): void {
    this.flow.removeEventListener('change', this.#refresh);
    super.disconnectedCallback();
  }
}
