import { html, type TemplateResult } from 'lit';
import { visible } from '../core';
import type { PrivateKeyCheck, PublicKeyCheck, VaultImportAnswer } from '../pkg/keyferry_wasm';
import { type IconName, icon } from './icon';

type Look = 'held' | 'broken' | 'unseen';

const DRAWN: Record<Look, [IconName, string]> = {
  held: ['check', 'holds'],
  broken: ['error', 'does not hold'],
  unseen: ['unchecked', 'cannot be seen'],
};

const PUBLIC: Record<PublicKeyCheck, [Look, string]> = {
  equal: ['held', "The vault's public key equals the HSM's, byte for byte."],
  differs: ['broken', "The vault's public key is not the HSM's."],
  'none-to-see': [
    'unseen',
    'An AES key has no public half: that both are the same key cannot be seen from outside.',
  ],
  'nothing-to-compare': [
    'unseen',
    "The HSM did not show this key's public half, so nothing could be compared.",
  ],
};

const PRIVATE: Record<PrivateKeyCheck, [Look, string]> = {
  signed: ['held', "The vault signed a random digest, and the HSM's public key verifies it."],
  decrypted: ['held', "The vault decrypted what was encrypted to the HSM's public key."],
  unwrapped: ['held', "The vault unwrapped what was encrypted to the HSM's public key."],
  failed: [
    'broken',
    "What the vault did with its private key does not belong to the HSM's public key.",
  ],
  'not-done': ['unseen', 'It was not tried.'],
};

/** What was seen of an imported key, in three lines. */
export function verificationLines({
  settled,
  target,
  verification,
}: VaultImportAnswer): TemplateResult {
  const [publicLook, publicWords] = PUBLIC[verification.public_key];
  const [privateLook, privateWords] = PRIVATE[verification.private_key];
  const algorithm = verification.algorithm ? ` (${visible(verification.algorithm)})` : '';
  const imported = settled
    ? `Whether it had arrived was not known at first: the vault was asked, and holds it as ${target}. Nothing was imported twice.`
    : `The vault opened the file and holds a key of the kind ${target}.`;
  const half = target.startsWith('AES') ? 'Secret' : 'Private half';
  return html`<ul class="checks">
    ${line('imported', 'held', 'Imported', imported)}
    ${line('public-key', publicLook, 'Public half', publicWords)}
    ${line('private-key', privateLook, half + algorithm, privateWords)}
  </ul>`;
}

function line(code: string, look: Look, name: string, words: string): TemplateResult {
  const [drawn, said] = DRAWN[look];
  return html`<li class="check check-${look}" data-code=${code} data-outcome=${look}>${icon(drawn)}
    <div><p class="check-name">${name} <span class="unseen">${said}.</span></p><p>${words}</p></div></li>`;
}
