// Weighs the page as the browser receives it. Over the budget: exit 1.
import { readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

// 120 KiB for the page, and 25 more for the attestation of KEKs, which is WebAssembly.
const BUDGET = (120 + 25) * 1024;
const dist = fileURLToPath(new URL('dist/', import.meta.url));

/** Prints one line a file, plain and compressed bytes, and the sum against the budget. */
export async function printSizes() {
  let sum = 0;
  for (const name of (await readdir(dist)).filter((n) => !n.endsWith('.br'))) {
    const plain = (await stat(dist + name)).size;
    const squeezed = (await stat(`${dist}${name}.br`)).size;
    sum += squeezed;
    console.log(
      `${name.padEnd(14)} ${String(plain).padStart(8)} bytes, ${String(squeezed).padStart(7)} compressed`,
    );
  }
  console.log(`page in total  ${sum} bytes compressed, budget ${BUDGET}`);
  if (sum > BUDGET) {
    console.error(`error: the page is ${sum - BUDGET} bytes over its budget`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await printSizes();
