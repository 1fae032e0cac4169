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
    ${merged(sorted).map(
      (
        finding,
      ) => html`<li class="finding finding-${finding.severity}" data-code=${finding.codes.join(' ')}>
        ${icon(finding.severity)}
        <div>
          <p class="finding-what"><span class="tag">${WORDS[finding.severity]}</span> ${finding.messages.length === 1 ? prose(finding.messages[0] ?? '') : nothing}</p>
          ${finding.messages.length > 1 ? html`<ul>${finding.messages.map((message) => html`<li>${prose(message)}</li>`)}</ul>` : nothing}
          ${finding.advice ? html`<p class="finding-advice">${prose(finding.advice)}</p>` : nothing}
        </div>
      </li>`,
    )}
  </ul>`;
}

interface Shown {
  codes: string[];
  severity: Severity;
  messages: string[];
  advice: string;
}

/** Findings of one severity that ask for the same thing stand together: the advice is read once. */
function merged(findings: Finding[]): Shown[] {
  const shown: Shown[] = [];
  for (const { code, severity, message, advice } of findings) {
    const same = shown.find((one) => one.severity === severity && one.advice === advice);
    if (same) {
      same.codes.push(code);
      same.messages.push(message);
    } else shown.push({ codes: [code], severity, messages: [message], advice });
  }
  return shown;
}
