// corpus.mjs TARGET FOLDER: the target's seeds, put into a folder. Case files are seeds too, in the target's form.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const [target, folder] = process.argv.slice(2);
const here = new URL('.', import.meta.url).pathname;
const cases = `${here}../cases`;

function* seeds() {
  const own = `${here}seeds/${target}`;
  if (existsSync(own)) for (const name of readdirSync(own)) yield [name, readFileSync(`${own}/${name}`)];
  if (!existsSync(`${cases}/${target}`)) return;
  for (const name of readdirSync(`${cases}/${target}`)) {
    const file = (part) => {
      const path = `${cases}/${target}/${name}/${part}`;
      return existsSync(path) ? readFileSync(path) : null;
    };
    const input = file('input');
    if (target === 'kek') yield [`case-${name}`, withKid(input, file('kid.txt'), file('beside'))];
    else yield [`case-${name}`, input];
    if (target === 'attestation') yield* parts(name, input);
  }
}

/** The document, the kid given beside it, and a second document: the form of tests/fuzz/src/kek.rs. */
function withKid(input, kid, beside) {
  const separator = Buffer.from('\n\0\n');
  if (beside !== null) return Buffer.concat([input, separator, kid ?? Buffer.alloc(0), separator, beside]);
  return kid === null ? input : Buffer.concat([input, separator, kid]);
}

/** The parts that stand in an attestation as base64url, which are read by themselves. */
function* parts(name, input) {
  for (const [, part, text] of input.toString('latin1').matchAll(/"(\w+)": "([\w-]{300,})/g))
    yield [`case-${name}-${part}`, Buffer.from(text, 'base64url')];
}

for (const [name, bytes] of seeds()) writeFileSync(`${folder}/${name}`, bytes);
