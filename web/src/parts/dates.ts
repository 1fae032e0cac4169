import { html, type TemplateResult } from 'lit';

/** A day to choose, which begins at midnight UTC; may stay empty. */
export function dayField(id: string, name: string, words: string): TemplateResult {
  return html`<div class="field"><label for=${id}>${words}</label>
    <input id=${id} name=${name} type="date"></div>`;
}

/** The beginning of the chosen day in seconds since 1970, or null. */
export function secondsOf(day: FormDataEntryValue | null): number | null {
  const time = typeof day === 'string' ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(time) ? null : time / 1000;
}

/** A moment of the vault's, to the day. */
export function dayOf(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString().slice(0, 10);
}
