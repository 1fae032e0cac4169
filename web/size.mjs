// Weighs the page as the browser receives it: what it starts with, and each piece that it fetches later. Over a
// limit, or without one: exit 1.
import { readdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FIRST_LIMIT, firstFiles, PIECE_LIMITS, pieceOf } from './weights.mjs';

const dist = fileURLToPath(new URL('dist/', import.meta.url));

/** Prints one line a file, plain and compressed bytes, and each sum against its limit. */
export async function printSizes() {
  const first = ['index.html', ...firstFiles(await readFile(`${dist}index.html`, 'utf8'))];
  const all = (await readdir(dist)).filter((name) => !name.endsWith('.br'));
  console.log('at first');
  within('the page that loads at first', await weigh(first), FIRST_LIMIT);
  const later = all.filter((name) => !first.includes(name));
  for (const piece of new Set(later.map(pieceOf))) {
    const names = later.filter((name) => pieceOf(name) === piece);
    console.log(`when wanted: ${piece}`);
    within(piece, await weigh(names), PIECE_LIMITS[piece]);
  }
}

async function weigh(names) {
  let sum = 0;
  for (const name of names) {
    const plain = (await stat(dist + name)).size;
    const squeezed = (await stat(`${dist}${name}.br`)).size;
    sum += squeezed;
    console.log(
      `  ${name.padEnd(26)} ${String(plain).padStart(8)} bytes, ${String(squeezed).padStart(7)} compressed`,
    );
  }
  return sum;
}

function within(what, sum, limit) {
  console.log(`  ${what}: ${sum} bytes compressed, limit ${limit ?? 'missing'}`);
  if (limit !== undefined && sum <= limit) return;
  console.error(
    limit === undefined
      ? `error: ${what} has no limit in weights.mjs`
      : `error: ${what} is ${sum - limit} bytes over its limit`,
  );
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await printSizes();
