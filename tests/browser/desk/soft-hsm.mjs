// A SoftHSM 2 token: another PKCS#11 module than the embedded one, with a PIN that somebody has to type.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BINARY } from './bridge.mjs';
import { remove } from './folders.mjs';

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
];

export class SoftHsm {
  pin = '271828';
  #label;
  #module;

  constructor(label) {
    this.folder = mkdtempSync(join(tmpdir(), 'keyferry-softhsm-'));
    mkdirSync(join(this.folder, 'tokens'));
    const settings = join(this.folder, 'softhsm2.conf');
    writeFileSync(
      settings,
      `directories.tokendir = ${join(this.folder, 'tokens')}\nobjectstore.backend = file\n`,
    );
    this.environment = { SOFTHSM2_CONF: settings };
    const init = [
      '--init-token',
      '--free',
      '--label',
      label,
      '--so-pin',
      '314159',
      '--pin',
      this.pin,
    ];
    execFileSync('softhsm2-util', init, { env: { ...process.env, ...this.environment } });
    const module = MODULES.find((path) => existsSync(path));
    if (!module) throw new Error('SoftHSM 2 is not installed (Debian: softhsm2)');
    this.#label = label;
    this.#module = module;
    this.options = `--module ${module} --module-env SOFTHSM2_CONF`;
  }

  /** Makes an RSA key that may never leave the token: by PKCS#11 alone, since Keyferry makes none. */
  makeStuckKey(label) {
    const pin = join(this.folder, 'pin');
    writeFileSync(pin, this.pin, { mode: 0o600 });
    const onlooker = join(dirname(BINARY), 'onlooker');
    execFileSync(onlooker, [this.#module, this.#label, pin, 'make-rsa', label, 'stuck'], {
      env: { ...process.env, ...this.environment },
    });
  }

  remove() {
    remove(this.folder);
  }
}
