import { html, nothing, type TemplateResult } from 'lit';
import type { Reason } from '../pkg/keyferry_wasm';
import { prose } from './prose';

/** Most reasons that are told of many keys: a list of thousands is nothing to read. */
const MOST = 12;

/** The reasons of many, each once, with how many have it as their first. */
export function reasonsInAll(stays: { reasons: Reason[] }[]): TemplateResult | typeof nothing {
  if (stays.length === 0) return nothing;
  const found = new Map<string, { reason: Reason; count: number }>();
  for (const reason of stays.flatMap(({ reasons }) => reasons.slice(0, 1))) {
    const said = `${reason.code} ${reason.message}`;
    const known = found.get(said);
    if (known) known.count++;
    else if (found.size < MOST) found.set(said, { reason, count: 1 });
  }
  return html`<div class="reasons-in-all">${[...found.values()].map(
    ({ reason, count }) =>
      html`<p class="quiet">${count === 1 ? 'One key' : `${count} keys`}:</p>${reasonList([reason])}`,
  )}</div>`;
}

/** Why something cannot be used: what stands in the way, what to do, and the name to look it up by. */
export function reasonList(reasons: Reason[]): TemplateResult {
  return html`<ul class="reasons">${reasons.map(
    (reason) =>
      html`<li data-code=${reason.code}>${prose(reason.message)} <span class="quiet">${prose(reason.advice)}</span>
        <code class="code">${reason.code}</code></li>`,
  )}</ul>`;
}
