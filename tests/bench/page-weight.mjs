import { get } from 'node:http';
import { serve } from './serve.mjs';

const FILES = ['/', '/app.css', '/app.js', '/icon.svg', '/keyferry.wasm'];
// The page, and the attestation of KEKs beside it: the same two numbers as in web/size.mjs.
const LIMIT_KB = 120 + 25;

/** What a browser fetches to show the page, in the bytes that cross the socket. */
export async function pageWeight(binary, state) {
  const bridge = await serve(binary, state);
  try {
    const numbers = [];
    let total = 0;
    for (const path of FILES) {
      const bytes = await bodyBytes(new URL(path, bridge.url));
      total += bytes;
      numbers.push({
        what: `page weight, ${path === '/' ? 'HTML' : path.slice(1)}`,
        value: kilobytes(bytes),
        unit: 'KB',
        limit: null,
        how: 'body as served with Accept-Encoding: br, as browsers send it to loopback',
      });
    }
    numbers.push({
      what: 'page weight, in all',
      value: kilobytes(total),
      unit: 'KB',
      limit: LIMIT_KB,
      how: 'sum of the files above; 1 KB = 1024 bytes',
    });
    return numbers;
  } finally {
    await bridge.stop();
  }
}

function bodyBytes(address) {
  return new Promise((resolve, reject) => {
    get(address, { headers: { 'Accept-Encoding': 'br' } }, (answer) => {
      if (answer.statusCode !== 200 || answer.headers['content-encoding'] !== 'br') {
        reject(new Error(`${address.pathname}: ${answer.statusCode}, not served compressed`));
      }
      let bytes = 0;
      answer.on('data', (chunk) => {
        bytes += chunk.length;
      });
      answer.on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

function kilobytes(bytes) {
  return Math.round((bytes / 1024) * 10) / 10;
}
