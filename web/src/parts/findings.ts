import { html, nothing, type TemplateResult } from 'lit';
import type { Finding, Severity } from '../pkg/keyferry_wasm';
import { icon } from './icon';
import { prose } from './prose';

const ORDER: Severity[] = ['error', 'warning', 'unchecked', 'note'];
const WORDS: Record<Severity, string> = {
  error: 'Refused',
  warning: 'Warning',
  unchecked: 'Not checked',
  note: 'Note',
};

/** Findings, the gravest first: an icon, the severity in words, what was found and what to do. */
export function findingList(findings: Finding[]): TemplateResult | typeof nothing {
  if (findings.length === 0) return nothing;
  const sorted = [...findings].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity),
  );
  return html`<ul class="findings">
    ${sorted.map(
      (finding) => html`<li class="finding finding-${finding.severity}" data-code=${finding.code}>
        ${icon(finding.severity)}
        <div>
          <p class="finding-what"><span class="tag">${WORDS[finding.severity]}</span> ${prose(finding.message)}</p>
          ${finding.advice ? html`<p class="finding-advice">${prose(finding.advice)}</p>` : nothing}
        </div>
      </li>`,
    )}
  </ul>`;
}
