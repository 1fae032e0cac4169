/**
 * What the page does not need to start with: each a file of its own, which the bridge gives when it is first
 * wanted. Their weights are limited one by one, in weights.mjs.
 */
import { Problem } from './problem';
import { isAside, type View } from './steps';

const PIECES = {
  attestation: () => import('./pieces/attestation'),
  batch: () => import('./pieces/batch'),
  inspect: () => import('./pieces/inspect'),
  record: () => import('./pieces/record'),
  transfer: () => import('./pieces/transfer'),
  vault: () => import('./pieces/vault'),
};

export type Piece = keyof typeof PIECES;

/** Fetches a piece, once. */
export async function piece<P extends Piece>(
  name: P,
): Promise<Awaited<ReturnType<(typeof PIECES)[P]>>> {
  try {
    return (await PIECES[name]()) as Awaited<ReturnType<(typeof PIECES)[P]>>;
  } catch {
    throw new Problem({
      code: 'page-incomplete',
      message:
        'A part of this page is missing: the bridge was stopped, or it is another one by now.',
      advice:
        'If the bridge has ended, start it again with `keyferry serve` and open the new address; otherwise reload the page.',
    });
  }
}

/** The piece that a view is in; null for what the page starts with. */
export function pieceOf(view: View): Piece | null {
  if (isAside(view)) return view;
  return view === 'connect' || view === 'kek' ? null : 'transfer';
}
