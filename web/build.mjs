// Makes web/dist, the folder that the bridge embeds: files and their Brotli siblings. What the document names is
// the page that loads at first; the rest is fetched when it is wanted, by names that hold the content's hash.
// Needs wasm-pack's output in src/pkg (the Makefile makes it).
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { printSizes } from './size.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await rm(here('dist'), { recursive: true, force: true });
await mkdir(here('dist'));
await copyFile(here('src/icon.svg'), here('dist/icon.svg'));
await copyFile(here('src/pkg/keyferry_wasm_bg.wasm'), here('dist/keyferry.wasm'));
const verifier = await readFile(here('src/pkg/attestation/keyferry_attestation_bg.wasm'));
const hash = createHash('sha256').update(verifier).digest('hex').slice(0, 8).toUpperCase();
await writeFile(here(`dist/attestation-${hash}.wasm`), verifier);

const { metafile } = await build({
  entryPoints: { app: here('src/main.ts') },
  outdir: here('dist'),
  absWorkingDir: here('.'),
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  define: { ATTESTATION_WASM: JSON.stringify(`/attestation-${hash}.wasm`) },
  format: 'esm',
  target: ['es2022'],
  minify: true,
  legalComments: 'none',
  sourcemap: false,
  metafile: true,
  logLevel: 'warning',
});
const scripts = Object.keys(metafile.outputs);
for (const path of scripts) {
  // What is left of line breaks with indentation stands in the templates, where one space says the same.
  const script = await readFile(here(path), 'utf8');
  await writeFile(here(path), script.replace(/\n {2,}/g, ' '));
}
await build({
  entryPoints: { app: here('src/styles/app.css') },
  outdir: here('dist'),
  bundle: true,
  minify: true,
  sourcemap: false,
  logLevel: 'warning',
});
await writeFile(here('dist/index.html'), await documentNaming(startingWith('dist/app.js')));
// Squeezed here once, so that the bridge never compresses while it serves. Browsers take Brotli from loopback.
for (const name of await readdir(here('dist'))) {
  const plain = await readFile(here(`dist/${name}`));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  await writeFile(here(`dist/${name}.br`), brotliCompressSync(plain, { params }));
}
await printSizes();

/** The scripts without which this one does not run, itself left out. */
function startingWith(path, seen = new Set()) {
  for (const { path: next, kind } of metafile.outputs[path].imports) {
    if (kind !== 'import-statement' || seen.has(next)) continue;
    seen.add(next);
    startingWith(next, seen);
  }
  return seen;
}

/** The document, which also names the scripts that the first one imports: they come at once, not one after the other. */
async function documentNaming(paths) {
  const links = [...paths].map((path) => `<link rel="modulepreload" href="/${basename(path)}">\n`);
  const html = await readFile(here('src/index.html'), 'utf8');
  return html.replace('</head>', `${links.join('')}</head>`);
}
