/**
 * What the page does not need to start with: each a file of its own, which the bridge gives when it is first
 * wanted. Their weights are limited one by one, in weights.mjs.
 */
import { Problem } from './problem';

const PIECES = {
  attestation: () => import('./pieces/attestation'),
  batch: () => import('./pieces/batch'),
  inspect: () => import('./pieces/inspect'),
  record: () => import('./pieces/record'),
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

/** True of a view that is a piece by itself. */
export function isPiece(name: string): name is Piece {
  return Object.hasOwn(PIECES, name);
}
