import { html, type TemplateResult } from 'lit';

/** A name and what stands for it. Rows without a value are left out. */
export type Fact = [name: string, value: TemplateResult | string | number | null | undefined];

export function facts(rows: Fact[]): TemplateResult {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return html`<dl class="facts">
    ${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}
