import { html, nothing, type TemplateResult } from 'lit';
import type { Wishes } from '../import-run';
import type { ImportCommands, KeyOperation } from '../pkg/keyferry_wasm';
import { dayField, secondsOf } from './dates';

/** Every operation that this kind of key can have, as core puts them into the call. */
export function operationsOf(commands: ImportCommands): KeyOperation[] {
  return (JSON.parse(commands.rest.body) as { key: { key_ops: KeyOperation[] } }).key.key_ops;
}

/** What the vault is told of the key. `exportable` shows the field for its policy. */
export function importFields(
  name: string,
  operations: KeyOperation[],
  exportable: boolean,
  onExportable: (on: boolean) => void,
): TemplateResult {
  return html`<div class="field field-full"><label for="import-name">Name in the vault</label>
      <input id="import-name" name="name" type="text" required maxlength="127" pattern="[0-9A-Za-z\\-]{1,127}" value=${name}
        title="Letters, digits and hyphens, at most 127" spellcheck="false" autocomplete="off" autocapitalize="off" aria-describedby="import-name-hint">
      <p class="hint" id="import-name-hint">A name that is taken gets a new version.</p></div>
    <fieldset class="choices"><legend>The key may</legend>
      ${operations.map((operation) => html`<label><input type="checkbox" name="operation" value=${operation} checked> ${operation}</label>`)}
    </fieldset>
    <details class="fold"><summary>Tags, dates, disabled, exportable</summary>
      <div class="field"><label for="import-tags">Tags</label>
        <textarea id="import-tags" name="tags" rows="2" spellcheck="false" autocomplete="off" aria-describedby="import-tags-hint"></textarea>
        <p class="hint" id="import-tags-hint">One a line, as <code>name=value</code>; at most 14.</p></div>
      <div class="field-row">${dayField('import-nbf', 'not_before', 'Not before')}${dayField('import-exp', 'expires', 'Expires')}</div>
      <p class="hint">Days begin at midnight UTC.</p>
      <div class="choices choices-column">
        <label><input type="checkbox" name="disabled"> Starts disabled</label>
        <label><input type="checkbox" name="exportable" .checked=${exportable}
          @change=${(event: Event) => onExportable((event.target as HTMLInputElement).checked)}> Exportable: may leave the vault again by Secure Key Release</label>
      </div>
      ${
        exportable
          ? html`<div class="field"><label for="import-policy">Release policy (JSON)</label>
              <textarea id="import-policy" name="policy" rows="6" required spellcheck="false" autocomplete="off"></textarea></div>`
          : nothing
      }
    </details>`;
}

/** What the form says. */
export function wishesOf(form: HTMLFormElement): Wishes {
  const given = new FormData(form);
  const text = (name: string) => String(given.get(name) ?? '').trim();
  const tags = text('tags')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name.trim(), value.join('=').trim()] as const;
    });
  return {
    name: text('name'),
    operations: given.getAll('operation') as KeyOperation[],
    tags: Object.fromEntries(tags),
    not_before: secondsOf(given.get('not_before')),
    expires: secondsOf(given.get('expires')),
    enabled: given.get('disabled') === null,
    release_policy: given.get('exportable') === null ? null : text('policy'),
  };
}
