import { html, type TemplateResult } from 'lit';
import { visible } from '../core';

/** A message of the core as a sentence: safe to show, and what stands in backticks as code. */
export function prose(text: string): TemplateResult {
  const safe = visible(text);
  const first = safe.charAt(0).toUpperCase() + safe.slice(1);
  const whole = /[.!?:…]$/.test(first) ? first : `${first}.`;
  const parts = whole.split('`');
  // An odd count of backticks is not code but a stray character.
  if (parts.length % 2 === 0) return html`${whole}`;
  return html`${parts.map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))}`;
}
