// A bridge whose token has one key, P-256 and called `signing`, and the KEK that it may go to.
import { after, before } from 'node:test';
import { Bridge, keyferry, stateFolder } from './bridge.mjs';
import { Kek } from './openssl.mjs';

/** For the suite that it is called in: `bridge`, started by `verb`, and `kek`, both there once its tests run. */
export function signing(verb) {
  const desk = {};
  before(async () => {
    desk.kek = new Kek(2048);
    const state = stateFolder();
    keyferry(state, 'keygen', '--kind', 'P-256', '--label', 'signing');
    desk.bridge = new Bridge(state, verb);
    await desk.bridge.address();
  });
  after(async () => {
    await desk.bridge?.stop();
    desk.kek?.remove();
  });
  return desk;
}
