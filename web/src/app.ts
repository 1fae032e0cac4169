import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { Flow } from './flow';
import { banner } from './parts/banner';
import { Part } from './parts/element';
import { icon, mark } from './parts/icon';
import { notice } from './parts/notice';
import { problemBox } from './parts/problem';
import './parts/rail';
import './parts/token-chip';
import './screens/connect';
import './screens/kek';
import { pieceOf } from './later';
import type { Problem } from './problem';
import { isAside, TITLES, type View } from './steps';
import { applyTheme, nextTheme, type Theme, theme } from './theme';

/** The frame: header, rail, one screen, and the live region that speaks for all of them. */
export class App extends Part {
  static override properties = {
    flow: { attribute: false },
    theme: { state: true },
    failed: { state: true },
  };
  declare flow: Flow | null;
  declare theme: Theme;
  declare failed: boolean;

  #shown: View | null = null;
  #told: Problem | null = null;

  constructor() {
    super();
    this.flow = null;
    this.theme = theme();
    this.failed = false;
  }

  fail(): void {
    this.failed = true;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('flow')) this.flow?.addEventListener('change', () => this.requestUpdate());
  }

  override updated(): void {
    const problem = this.flow?.problem ?? null;
    // It stands above the screen, and the eye may be at its end.
    if (problem && problem !== this.#told)
      this.querySelector('main > .box-error')?.scrollIntoView({ block: 'nearest' });
    this.#told = problem;
    const view = this.flow?.view;
    if (!view || view === this.#shown) return;
    if (!this.#here(view)) return;
    document.title = `${TITLES[view]} · Keyferry`;
    // The first screen leaves the focus where the browser put it.
    if (this.#shown !== null) void this.#focusHeading();
    this.#shown = view;
  }

  #here(view: View): boolean {
    const piece = pieceOf(view);
    return piece === null || this.flow?.has(piece) === true;
  }

  async #focusHeading(): Promise<void> {
    const screen = this.querySelector<Part>('main > [data-screen]');
    await screen?.updateComplete;
    screen?.querySelector('h1')?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  readonly #turnTheme = () => {
    this.theme = nextTheme(this.theme);
    applyTheme(this.theme);
  };

  override render() {
    const flow = this.flow;
    if (this.failed) return this.#broken();
    if (!flow) return html`<p class="loading" role="status">Loading…</p>`;
    return html`<a class="skip" href="#main" @click=${this.#skip}>Skip to the content</a>
      <header class="top">
        <p class="brand">${mark}<span>Keyferry</span></p>
        <nav class="views" aria-label="Views">
          ${this.#link('Transfer', !isAside(flow.view), () => flow.resume())}
          ${flow.session ? this.#link('Many keys', flow.view === 'batch', () => flow.go('batch')) : nothing}
          ${this.#link('Inspect', flow.view === 'inspect', () => flow.go('inspect'))}
          ${this.#link('Record', flow.view === 'record', () => flow.go('record'))}
        </nav>
        <kf-token-chip .flow=${flow}></kf-token-chip>
        <button type="button" class="button button-quiet theme" @click=${this.#turnTheme}>
          ${icon('theme')}<span class="unseen">Colours:</span> <span class="theme-name">${this.theme}</span>
        </button>
      </header>
      ${banner(flow.session)}
      <div class="frame ${isAside(flow.view) ? 'frame-single' : ''}">
        ${isAside(flow.view) ? nothing : html`<kf-rail .flow=${flow}></kf-rail>`}
        <main id="main" tabindex="-1">
          ${notice(flow)}
          ${problemBox(flow.problem, this.#action(flow))}
          ${this.#screen(flow)}
        </main>
      </div>
      <p class="unseen" role="status" aria-live="polite">${flow.spoken}</p>`;
  }

  #screen(flow: Flow): TemplateResult {
    if (!this.#here(flow.view))
      return html`<h1 tabindex="-1">${TITLES[flow.view]}</h1><p class="quiet">Loading…</p>`;
    switch (flow.view) {
      case 'connect':
        return html`<kf-connect data-screen="connect" .flow=${flow}></kf-connect>`;
      case 'kek':
        return html`<kf-kek data-screen="kek" .flow=${flow}></kf-kek>`;
      case 'key':
        return html`<kf-key data-screen="key" .flow=${flow}></kf-key>`;
      case 'review':
        return html`<kf-review data-screen="review" .flow=${flow}></kf-review>`;
      case 'wrap':
        return html`<kf-wrap data-screen="wrap" .flow=${flow}></kf-wrap>`;
      case 'deliver':
        return html`<kf-deliver data-screen="deliver" .flow=${flow}></kf-deliver>`;
      case 'batch':
        return html`<kf-batch data-screen="batch" .flow=${flow}></kf-batch>`;
      case 'inspect':
        return html`<kf-inspect data-screen="inspect" .flow=${flow}></kf-inspect>`;
      case 'record':
        return html`<kf-record data-screen="record" .flow=${flow}></kf-record>`;
    }
  }

  #link(words: string, current: boolean, go: () => void): TemplateResult {
    return html`<button type="button" class="view" aria-current=${current ? 'page' : nothing}
      @click=${() => current || go()}>${words}</button>`;
  }

  #action(flow: Flow): TemplateResult | undefined {
    switch (flow.problem?.code) {
      case 'bridge-gone':
        return this.#retry(flow);
      case 'other-tab':
        return html`<p><button type="button" class="button button-small" data-take-over ?disabled=${flow.waiting !== null}
          @click=${() => flow.takeOver()}>Take the bridge over in this tab</button></p>`;
      default:
        return undefined;
    }
  }

  #retry(flow: Flow): TemplateResult {
    return html`<p><button type="button" class="button button-small" ?disabled=${flow.waiting !== null}
      @click=${() => flow.connect()}>Try again</button></p>`;
  }

  readonly #skip = (event: Event) => {
    // The fragment belongs to the steps.
    event.preventDefault();
    this.querySelector<HTMLElement>('main')?.focus();
  };

  #broken(): TemplateResult {
    return html`<main class="broken"><h1>This page could not start</h1>
      <p>Its checks are WebAssembly, and this browser did not load it. Use a current Chromium, Edge or Firefox,
      with WebAssembly allowed, and reload. The command line does the same work: <code>keyferry wrap</code>.</p></main>`;
  }
}
customElements.define('kf-app', App);

declare global {
  interface HTMLElementTagNameMap {
    'kf-app': App;
  }
}
