// What the vault would hold and do, by the `openssl` command alone: nothing of ours takes part.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remove } from './folders.mjs';

export const KID =
  'https://keyferry-tests.vault.azure.net/keys/kek/00112233445566778899aabbccddeeff';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] });

/** An RSA key pair that plays the vault's KEK; its private half never leaves this folder. */
export class Kek {
  constructor(bits) {
    this.bits = bits;
    this.folder = mkdtempSync(join(tmpdir(), 'keyferry-kek-'));
    this.private = join(this.folder, 'private.pem');
    this.pem = join(this.folder, 'public.pem');
    openssl('genrsa', '-out', this.private, String(bits));
    openssl('rsa', '-in', this.private, '-pubout', '-out', this.pem);
  }

  /** What `az keyvault key show -o json` prints: standard base64, keyOps, nulls. */
  azureJson(kid = KID, change = {}) {
    const modulus = openssl('rsa', '-in', this.private, '-noout', '-modulus').toString().trim();
    const n = Buffer.from(modulus.replace('Modulus=', ''), 'hex').toString('base64');
    const key = {
      crv: null,
      d: null,
      e: 'AQAB',
      k: null,
      keyOps: ['import'],
      kid,
      kty: 'RSA-HSM',
      n,
      ...change,
    };
    const attributes = {
      created: '2026-01-01T00:00:00+00:00',
      enabled: true,
      expires: null,
      notBefore: null,
    };
    return JSON.stringify({ attributes, key, managed: null, tags: null }, null, 2);
  }

  /** Writes a document into this KEK's folder. */
  file(name, content) {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** SHA-256 of the SubjectPublicKeyInfo, as the vault's side would print it. */
  thumbprint() {
    const der = openssl('rsa', '-pubin', '-in', this.pem, '-outform', 'DER');
    return sha256(der);
  }

  certificate() {
    const path = join(this.folder, 'certificate.pem');
    openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      this.private,
      '-subj',
      '/CN=kek',
      '-days',
      '2',
      '-out',
      path,
    );
    return path;
  }

  /**
   * Opens a `.byok` file. `spki` is the public half of what was in it, DER; `after` is what follows the
   * PKCS#8 structure, which ought to be nothing.
   */
  open(file) {
    const blob = JSON.parse(readFileSync(file, 'utf8'));
    const ciphertext = Buffer.from(blob.ciphertext, 'base64url');
    const [first, second, pkcs8] = ['first', 'second', 'pkcs8'].map((name) =>
      join(this.folder, name),
    );
    writeFileSync(first, ciphertext.subarray(0, this.bits / 8));
    writeFileSync(second, ciphertext.subarray(this.bits / 8));
    const options = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha1', 'rsa_mgf1_md:sha1'];
    const oaep = options.flatMap((option) => ['-pkeyopt', option]);
    const aes = openssl('pkeyutl', '-decrypt', '-inkey', this.private, ...oaep, '-in', first);
    const kwp = ['-d', '-id-aes256-wrap-pad', '-K', aes.toString('hex'), '-iv', 'A65959A6'];
    openssl('enc', ...kwp, '-in', second, '-out', pkcs8);
    const plaintext = readFileSync(pkcs8);
    const spki = openssl('pkey', '-inform', 'DER', '-in', pkcs8, '-pubout', '-outform', 'DER');
    return { spki, after: plaintext.subarray(derLength(plaintext)) };
  }

  remove() {
    remove(this.folder);
  }
}

export function sha256(bytes) {
  return execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: bytes })
    .toString()
    .slice(0, 64);
}

/** Bytes of the DER structure that stands at the beginning (X.690 §8.1.3). */
function derLength(bytes) {
  const short = bytes[1];
  if (short < 0x80) return 2 + short;
  const count = short & 0x7f;
  return 2 + count + bytes.readUIntBE(2, count);
}
