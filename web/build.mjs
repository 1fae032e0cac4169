// Makes web/dist, the folder that the bridge embeds: five files and their Brotli siblings.
// Needs wasm-pack's output in src/pkg (the Makefile makes it).
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { printSizes } from './size.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const files = ['index.html', 'app.js', 'app.css', 'icon.svg', 'keyferry.wasm'];

await rm(here('dist'), { recursive: true, force: true });
await mkdir(here('dist'));
await build({
  entryPoints: { app: here('src/main.ts') },
  outdir: here('dist'),
  bundle: true,
  format: 'esm',
  target: ['es2022'],
  minify: true,
  legalComments: 'none',
  sourcemap: false,
  logLevel: 'warning',
});
// What is left of line breaks with indentation stands in the templates, where one space says the same.
const script = await readFile(here('dist/app.js'), 'utf8');
await writeFile(here('dist/app.js'), script.replace(/\n {2,}/g, ' '));
await build({
  entryPoints: { app: here('src/styles/app.css') },
  outdir: here('dist'),
  bundle: true,
  minify: true,
  sourcemap: false,
  logLevel: 'warning',
});
await copyFile(here('src/index.html'), here('dist/index.html'));
await copyFile(here('src/icon.svg'), here('dist/icon.svg'));
await copyFile(here('src/pkg/keyferry_wasm_bg.wasm'), here('dist/keyferry.wasm'));
// Squeezed here once, so that the bridge never compresses while it serves. Browsers take Brotli from loopback.
for (const name of files) {
  const plain = await readFile(here(`dist/${name}`));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  await writeFile(here(`dist/${name}.br`), brotliCompressSync(plain, { params }));
}
await printSizes();
