/**
 * What a reload may find again in this tab. Nothing here is secret: a KEK is a public key, and only the vault
 * opens a wrapped one.
 */
import type { AttestationInput } from './attestation';
import type { KekInput } from './kek-input';
import type { KeyInfo, WrapAnswer } from './pkg/keyferry_wasm';

const KEK = 'keyferry.kek';
const ATTESTATION = 'keyferry.attestation';
const FINISHED = 'keyferry.finished';

export function keepKek(input: KekInput | null): void {
  keep(KEK, input);
}

export function keptKek(): KekInput | null {
  return kept(KEK);
}

/** Kept beside the KEK that it vouches for, unless it is within the KEK's own file. */
export function keepAttestation(input: AttestationInput | null): void {
  keep(ATTESTATION, input && { ...input, kid: '' });
}

export function keptAttestation(): AttestationInput | null {
  return kept(ATTESTATION);
}

function keep(place: string, input: KekInput | null): void {
  if (!input) {
    sessionStorage.removeItem(place);
    return;
  }
  // One by one: a whole file is too many arguments for one call.
  const bytes = Array.from(input.document, (byte) => String.fromCharCode(byte));
  const document = btoa(bytes.join(''));
  sessionStorage.setItem(place, JSON.stringify({ name: input.name, kid: input.kid, document }));
}

function kept(place: string): KekInput | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(place) ?? 'null');
    if (typeof kept?.document !== 'string') return null;
    const document = Uint8Array.from(atob(kept.document), (char) => char.charCodeAt(0));
    return { name: String(kept.name), kid: String(kept.kid), document };
  } catch {
    return null;
  }
}

/** A finished wrap, from which its file can be made once more. */
export interface Finished {
  key: KeyInfo;
  vaultKeyName: string;
  answer: WrapAnswer;
}

export function keepFinished(finished: Finished | null): void {
  if (finished) sessionStorage.setItem(FINISHED, JSON.stringify(finished));
  else sessionStorage.removeItem(FINISHED);
}

/** What was kept; whether the answer is one, and to this KEK, is for core to say. */
export function keptFinished(): Finished | null {
  return JSON.parse(sessionStorage.getItem(FINISHED) ?? 'null') as Finished | null;
}

/** What takes time, and what a reload may cut off. */
export type Work = 'wrap' | 'import';

/** Work that was cut off, and of which key. */
export interface Cut {
  work: Work;
  label: string;
}

const place = (work: Work) => `keyferry.${work}-under-way`;

/** Marks that work was ordered, so that a reload in its midst can tell what became of it. */
export function markWork(work: Work, label: string | null): void {
  if (label === null) sessionStorage.removeItem(place(work));
  else sessionStorage.setItem(place(work), label);
}

/** The work that a reload or a closed page cut off; told once. */
export function takeMark(): Cut | null {
  for (const work of ['import', 'wrap'] as const) {
    const label = sessionStorage.getItem(place(work));
    markWork(work, null);
    if (label !== null) return { work, label };
  }
  return null;
}
