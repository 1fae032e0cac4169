import { readdir } from 'node:fs/promises';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { FIRST_LIMIT, firstFiles, PIECE_LIMITS, pieceOf } from '../../web/weights.mjs';
import { serve } from './serve.mjs';

const HOW = 'body as served with Accept-Encoding: br, as browsers send it to loopback';
const SUM = 'sum of the bodies; 1 KB = 1,000 bytes';
const dist = fileURLToPath(new URL('../../web/dist/', import.meta.url));

/** What a browser fetches to show the page, and what it fetches later, in the bytes that cross the socket. */
export async function pageWeight(binary, state) {
  const bridge = await serve(binary, state);
  const weigh = async (name) => (await body(new URL(name, bridge.url), 'br')).length;
  try {
    const html = (await body(new URL('/', bridge.url), 'identity')).toString();
    const numbers = [];
    let total = 0;
    for (const name of ['', ...firstFiles(html)]) {
      const bytes = await weigh(`/${name}`);
      total += bytes;
      numbers.push(number(`page weight, ${name || 'HTML'}`, bytes, null, HOW));
    }
    numbers.push(number('page weight, all that loads at first', total, FIRST_LIMIT, SUM));
    const first = new Set(['index.html', ...firstFiles(html)]);
    const built = (await readdir(dist)).filter((name) => !name.endsWith('.br'));
    const later = built.filter((name) => !first.has(name));
    for (const piece of new Set(later.map(pieceOf))) {
      let sum = 0;
      for (const name of later) if (pieceOf(name) === piece) sum += await weigh(`/${name}`);
      // One without a limit is over it.
      numbers.push(number(`page weight, ${piece}, when wanted`, sum, PIECE_LIMITS[piece] ?? 0, SUM));
    }
    return numbers;
  } finally {
    await bridge.stop();
  }
}

function number(what, bytes, limit, how) {
  return { what, value: kilobytes(bytes), unit: 'KB', limit: limit && limit / 1000, how };
}

function body(address, coding) {
  return new Promise((resolve, reject) => {
    get(address, { headers: { 'Accept-Encoding': coding } }, (answer) => {
      const sent = answer.headers['content-encoding'] ?? 'identity';
      if (answer.statusCode !== 200 || sent !== coding) {
        reject(new Error(`${address.pathname}: ${answer.statusCode}, ${sent} instead of ${coding}`));
      }
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve(Buffer.concat(parts)));
    }).on('error', reject);
  });
}

/** Upwards, so that what is over a limit does not look as if it were within. */
function kilobytes(bytes) {
  return Math.ceil(bytes / 100) / 10;
}
