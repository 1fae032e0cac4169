import { html, type TemplateResult } from 'lit';
import type { AttestationOutcome } from '../pkg/keyferry_wasm';
import { type IconName, icon } from './icon';
import { prose } from './prose';

type Look = 'held' | 'broken' | 'unseen' | 'warned';

const DRAWN: Record<Look, IconName> = {
  held: 'check',
  broken: 'error',
  unseen: 'unchecked',
  warned: 'warning',
};

const HARDWARE: Record<AttestationOutcome['hardware'], [Look, string]> = {
  genuine: ['held', 'genuine'],
  refused: ['broken', 'refused'],
  'not-available': ['unseen', 'not available'],
};

const KEY: Record<AttestationOutcome['key'], [Look, string]> = {
  'made-inside': ['held', 'made inside, and cannot leave'],
  refused: ['broken', 'refused'],
  'not-checked': ['unseen', 'not checked'],
};

const POOL: Record<AttestationOutcome['pool'], [Look, string]> = {
  pinned: ['held', 'pinned'],
  mismatch: ['broken', 'another pool than the pinned one'],
  'not-verified': ['warned', 'not verified'],
};

/** Why each result is what it is: a sentence, or more. */
export interface Reasons {
  hardware: string;
  key: string;
  pool: TemplateResult | string;
}

/** The three results, each by itself: none stands for another. */
export function attestationLines(
  { hardware, key, pool }: AttestationOutcome,
  why: Reasons,
): TemplateResult {
  // What is not there is no warning about a pool.
  const whose: [Look, string] = hardware === 'genuine' ? POOL[pool] : ['unseen', POOL[pool][1]];
  return html`<ul class="checks">
    ${line('hardware', 'Hardware', HARDWARE[hardware], prose(why.hardware))}
    ${line('key', 'This KEK', KEY[key], prose(why.key))}
    ${line('pool', 'Pool', pool === 'mismatch' ? POOL.mismatch : whose, typeof why.pool === 'string' ? prose(why.pool) : why.pool)}
  </ul>`;
}

function line(
  code: string,
  name: string,
  [look, said]: [Look, string],
  why: TemplateResult,
): TemplateResult {
  return html`<li class="check check-${look}" data-code=${code} data-outcome=${look}>${icon(DRAWN[look])}
    <div><p class="check-name">${name}: ${said}</p><div>${why}</div></div></li>`;
}

const OUTCOME = {
  hardware: {
    genuine: "Root, card and partition of the HSM's maker vouch for the statement.",
    refused: "Root, card and partition of the HSM's maker do not vouch for the statement.",
    'not-available':
      'The file holds no attestation, so nothing shows that this KEK lives in an HSM of Azure.',
  },
  key: {
    'made-inside': 'The hardware signed that it made this KEK, and that it cannot be taken out.',
    refused: 'What the hardware signed is not this KEK, or not of a key that stays inside.',
    'not-checked': 'Nothing that the hardware signed speaks of it.',
  },
  pool: {
    pinned: "The owner's certificate is the one that is pinned in the bridge.",
    mismatch: "The owner's certificate is not the one that is pinned in the bridge.",
    'not-verified':
      "No owner's certificate is pinned in the bridge for this vault, and an attacker's own pool attests as well.",
  },
} satisfies { [Part in keyof AttestationOutcome]: Record<AttestationOutcome[Part], string> };

/** The bridge's own results, as its answer to a wrap tells them. */
export function outcomeLines(outcome: AttestationOutcome): TemplateResult {
  const absent = outcome.hardware === 'not-available' && outcome.pool === 'not-verified';
  return attestationLines(outcome, {
    hardware: OUTCOME.hardware[outcome.hardware],
    key: OUTCOME.key[outcome.key],
    pool: absent ? UNKNOWN_POOL : OUTCOME.pool[outcome.pool],
  });
}

/** Of a pool that no hardware speaks of. */
export const UNKNOWN_POOL =
  'Without a statement of genuine hardware, nothing tells whose pool it is.';
