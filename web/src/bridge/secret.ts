import { Problem } from '../problem';

const KEPT = 'keyferry.secret';

/** What an address's fragment hands over: the secret itself, or a code to exchange for it once. */
export type Handover = { token: string } | { launch: string };

const HANDOVER = /^#(token|launch)=([A-Za-z0-9_-]+)$/;

export function holdsHandover(): boolean {
  return HANDOVER.test(location.hash);
}

/** Reads the fragment and removes it from the address bar and the history at once. */
export function takeHandover(): Handover | null {
  const found = HANDOVER.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, '', location.pathname);
  const [, kind, value = ''] = found;
  return kind === 'token' ? { token: value } : { launch: value };
}

/** The secret of this tab. sessionStorage: gone with the tab, never shared with another. */
export function keptSecret(): string | null {
  return sessionStorage.getItem(KEPT);
}

export function keepSecret(secret: string): void {
  sessionStorage.setItem(KEPT, secret);
}

export function forgetSecret(): void {
  sessionStorage.removeItem(KEPT);
}

/** Exchanges the single-use code that `keyferry serve --open` hands to the browser. */
export async function exchange(code: string): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch('/v1/launch', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
    });
  } catch {
    throw new Problem({
      code: 'bridge-gone',
      message: 'The bridge does not answer.',
      advice: 'Start it again with `keyferry serve`, and open the address that it prints.',
    });
  }
  const body = answer.ok ? ((await answer.json()) as { secret?: unknown }) : {};
  if (typeof body.secret !== 'string') {
    throw new Problem({
      code: 'launch-code-spent',
      message: 'This launch address has been used already, or is too old.',
      advice: 'Open the address that `keyferry serve` printed in the terminal.',
    });
  }
  return body.secret;
}
