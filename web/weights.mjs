// What the page may weigh, in bytes as they cross the socket (Brotli), and how its files are told apart.

/** Everything that a browser fetches to show the page: 120 KB, a KB being 1,000 bytes. */
export const FIRST_LIMIT = 120_000;

/** What is fetched when it is first wanted, by the piece's name: each file is called NAME-HASH.EXTENSION. */
export const PIECE_LIMITS = {
  // The verifier is WebAssembly, and fetched only when there is an attestation to verify.
  attestation: 60_000,
  batch: 12_000,
  // What several of them have in common.
  chunk: 1_000,
  inspect: 2_000,
  record: 4_000,
  transfer: 6_000,
  vault: 6_000,
};

/** The files that the document names, in its order: what is fetched at first, besides the document itself. */
export function firstFiles(html) {
  return [...html.matchAll(/ (?:src|href)="\/([^"]+)"/g)].map(([, name]) => name);
}

/** The piece that a file belongs to, by its name. */
export function pieceOf(name) {
  return /^(.+)-[0-9A-Z]{8}\.\w+$/.exec(name)?.[1] ?? name;
}
