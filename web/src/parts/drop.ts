import { html } from 'lit';
import { Part } from './element';
import { icon } from './icon';

/** A file as it was handed to the page, with the moment of the drop or choice. */
export class FileGiven extends Event {
  constructor(
    readonly file: File,
    readonly at: number,
  ) {
    super('filegiven', { bubbles: true });
  }
}

/** A place to drop a file on, with a picker behind a real button: the keyboard needs no drop. */
export class DropZone extends Part {
  static override properties = {
    prompt: {},
    accept: {},
    over: { state: true },
  };
  declare prompt: string;
  declare accept: string;
  declare over: boolean;

  constructor() {
    super();
    this.prompt = 'Drop the file here';
    this.accept = '';
    this.over = false;
  }

  #give(file: File | undefined | null): void {
    if (file) this.dispatchEvent(new FileGiven(file, performance.now()));
  }

  readonly #dragover = (event: DragEvent) => {
    event.preventDefault();
    this.over = true;
  };

  readonly #drop = (event: DragEvent) => {
    event.preventDefault();
    this.over = false;
    this.#give(event.dataTransfer?.files.item(0));
  };

  readonly #picked = (event: Event) => {
    const input = event.target as HTMLInputElement;
    this.#give(input.files?.item(0));
    // The same file may be chosen again after it was changed on disk.
    input.value = '';
  };

  readonly #pick = () => {
    this.querySelector<HTMLInputElement>('input[type=file]')?.click();
  };

  override render() {
    return html`<div class="drop ${this.over ? 'drop-over' : ''}"
      @dragover=${this.#dragover} @dragleave=${() => {
        this.over = false;
      }} @drop=${this.#drop}>
      ${icon('file')}
      <p>${this.prompt}</p>
      <button type="button" class="button" @click=${this.#pick}>Choose a file…</button>
      <input type="file" hidden accept=${this.accept} aria-label=${this.prompt} @change=${this.#picked}>
    </div>`;
  }
}
customElements.define('kf-drop', DropZone);
