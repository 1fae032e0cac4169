/** What a reload may find again in this tab. Nothing here is secret: a KEK is a public key. */
import type { KekInput } from './kek-input';

const KEK = 'keyferry.kek';
const WRAP = 'keyferry.wrap-under-way';

export function keepKek(input: KekInput | null): void {
  if (!input) {
    sessionStorage.removeItem(KEK);
    return;
  }
  const document = btoa(String.fromCharCode(...input.document));
  sessionStorage.setItem(KEK, JSON.stringify({ name: input.name, kid: input.kid, document }));
}

export function keptKek(): KekInput | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEK) ?? 'null');
    if (typeof kept?.document !== 'string') return null;
    const document = Uint8Array.from(atob(kept.document), (char) => char.charCodeAt(0));
    return { name: String(kept.name), kid: String(kept.kid), document };
  } catch {
    return null;
  }
}

/** Marks that a wrap was ordered, so that a reload in its midst can tell what became of it. */
export function markWrap(label: string | null): void {
  if (label === null) sessionStorage.removeItem(WRAP);
  else sessionStorage.setItem(WRAP, label);
}

/** The key of a wrap that a reload or a closed page cut off; told once. */
export function takeWrapMark(): string | null {
  const label = sessionStorage.getItem(WRAP);
  markWrap(null);
  return label;
}
