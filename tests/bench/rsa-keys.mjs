// rsa-keys.mjs COUNT FOLDER: distinct RSA-2048 key pairs, each of two primes out of a pool, since a thousand pairs
// need but forty-six primes, and the search for primes is what takes the time. Good for measuring; for nothing else.
//
// FOLDER gets `key-NNNNN.der`, PKCS#8 in the clear, for the script that calls openssl; standard output gets n, d, p, q,
// dp, dq and 1/q in hexadecimal, a key a line.
import { createPrivateKey, generatePrimeSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const E = 65537n;
const [count, folder] = [Number(process.argv[2]), process.argv[3]];

const pool = Math.ceil((1 + Math.sqrt(1 + 8 * count)) / 2);
const primes = [];
while (primes.length < pool) {
  const prime = generatePrimeSync(1024, { bigint: true });
  if (prime % E !== 1n && !primes.includes(prime)) primes.push(prime);
}

let made = 0;
for (let one = 0; one < pool && made < count; one += 1) {
  for (let other = 0; other < one && made < count; other += 1) {
    const [p, q] = [primes[one], primes[other]];
    const d = inverse(E, (p - 1n) * (q - 1n));
    const numbers = [p * q, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
    const [n, d64, p64, q64, dp, dq, qi] = numbers.map((number) => bytes(number).toString('base64url'));
    // OpenSSL checks what fits together.
    const jwk = { kty: 'RSA', e: 'AQAB', n, d: d64, p: p64, q: q64, dp, dq, qi };
    const der = createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' });
    writeFileSync(join(folder, `key-${String(made).padStart(5, '0')}.der`), der);
    process.stdout.write(`${numbers.map((number) => bytes(number).toString('hex')).join(' ')}\n`);
    made += 1;
  }
}

function bytes(number) {
  const digits = number.toString(16);
  return Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
}

/** The inverse of `number`, by Euclid. */
function inverse(number, modulus) {
  let [rest, next] = [modulus, number % modulus];
  let [factor, following] = [0n, 1n];
  while (next !== 0n) {
    const times = rest / next;
    [rest, next] = [next, rest - times * next];
    [factor, following] = [following, factor - times * following];
  }
  return ((factor % modulus) + modulus) % modulus;
}
