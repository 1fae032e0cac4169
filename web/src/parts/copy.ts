import { html } from 'lit';
import { Part } from './element';
import { icon } from './icon';

/** A button that copies `text`. Says so in its own label, which a live region repeats. */
export class CopyButton extends Part {
  static override properties = {
    text: {},
    what: {},
    state: { state: true },
  };
  declare text: string;
  declare what: string;
  declare state: 'idle' | 'copied' | 'failed';

  #timer = 0;

  constructor() {
    super();
    this.text = '';
    this.what = 'text';
    this.state = 'idle';
  }

  override disconnectedCallback(): void {
    clearTimeout(this.#timer);
    super.disconnectedCallback();
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
      this.state = 'copied';
    } catch {
      this.state = 'failed';
    }
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.state = 'idle';
    }, 4000);
  }

  override render() {
    const words = {
      idle: 'Copy',
      copied: 'Copied',
      failed: 'Select the text and copy it by hand',
    }[this.state];
    return html`<button type="button" class="button button-quiet button-small copy copy-${this.state}" @click=${this.#copy}>
        ${icon(this.state === 'copied' ? 'check' : 'copy')}<span>${words}</span><span class="unseen"> ${this.what}</span>
      </button><span class="unseen" role="status">${this.state === 'idle' ? '' : words}</span>`;
  }
}
customElements.define('kf-copy', CopyButton);
