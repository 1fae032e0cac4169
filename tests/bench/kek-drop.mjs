// A KEK's file on the page, as the measurements drop it.
import { generateKeyPairSync } from 'node:crypto';

/** What `az keyvault key show -o json` prints, of a fresh KEK. */
export function kekDocument() {
  const { n, e } = generateKeyPairSync('rsa', { modulusLength: 4096 }).publicKey.export({ format: 'jwk' });
  const standard = (text) => Buffer.from(text, 'base64url').toString('base64');
  return JSON.stringify({
    attributes: { enabled: true },
    key: {
      kid: `https://keyferry-bench.vault.azure.net/keys/kek/${'0'.repeat(32)}`,
      kty: 'RSA-HSM',
      keyOps: ['import'],
      n: standard(n),
      e: standard(e),
    },
  });
}

/** Runs in the page: drops a file and waits for the measure that the page takes. */
export async function dropAndMeasure(text) {
  const until = async (what, look) => {
    const deadline = performance.now() + 5000;
    for (;;) {
      const found = look();
      if (found) return found;
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  performance.clearMeasures('kek-verdict');
  [...document.querySelectorAll('button')].find(({ textContent }) => textContent.startsWith('Take another'))?.click();
  // An admitted KEK's screen has a place for its attestation, which is another.
  const zone = await until('the place to drop on', () =>
    [...document.querySelectorAll('kf-drop .drop')].find(({ textContent }) => textContent.includes("KEK's file")),
  );
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], 'kek.json', { type: 'application/json' }));
  zone.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  const { duration } = await until('the verdict', () => performance.getEntriesByName('kek-verdict')[0]);
  if (!document.querySelector('[data-admitted=true]')) throw new Error('the KEK was not admitted');
  return duration;
}
