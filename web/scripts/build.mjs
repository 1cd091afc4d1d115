// Bundles the pages and both forms of the library, and writes them as C++ for the server to carry.
//
// usage: node build.mjs OUTPUT.cpp
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const output = process.argv[2];
if (!output) throw new Error('usage: node build.mjs OUTPUT.cpp');

const web = fileURLToPath(new URL('..', import.meta.url));
const library = fileURLToPath(new URL('../../sdk/js/src/index.ts', import.meta.url));

const TYPES = {
  html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', js: 'text/javascript; charset=utf-8',
};

async function bundle(entry, options) {
  const { outputFiles } = await build({
    absWorkingDir: web, entryPoints: [entry], bundle: true, minify: true, target: 'es2022', charset: 'utf8', write: false, logLevel: 'warning',
    // The library from its source: this build needs no earlier one.
    alias: { '@offhook/client': library }, ...options,
  });
  return outputFiles[0].contents;
}

const page = (path, bytes, forOtherSites = false) => ({ path, bytes: Buffer.from(bytes), forOtherSites });

const pages = await Promise.all([
  page('/', readFileSync(`${web}/src/index.html`)),
  page('/icon.svg', readFileSync(`${web}/src/icon.svg`)),
  bundle('src/app.css').then((bytes) => page('/app.css', bytes)),
  bundle('src/main.ts', { format: 'esm' }).then((bytes) => page('/app.js', bytes)),
  page('/console', readFileSync(`${web}/src/console/index.html`)),
  bundle('src/console/app.css').then((bytes) => page('/console/app.css', bytes)),
  bundle('src/console/main.ts', { format: 'esm' }).then((bytes) => page('/console/app.js', bytes)),
  bundle(library, { format: 'esm' }).then((bytes) => page('/offhook.js', bytes, true)),
  bundle(library, { format: 'iife', globalName: 'Offhook' }).then((bytes) => page('/offhook.global.js', bytes, true)),
]);

// --- as C++: octal escapes, always three digits, so that the next byte never belongs to one

const PRINTABLE = /[ !#->@-[\]-~]/;  // without ", \ and ? (trigraphs)
const escaped = (byte) => {
  const letter = String.fromCharCode(byte);
  return PRINTABLE.test(letter) ? letter : `\\${byte.toString(8).padStart(3, '0')}`;
};

function literal(bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 120) lines.push(`    "${[...bytes.subarray(i, i + 120)].map(escaped).join('')}"`);
  return lines.join('\n');
}

function entry({ path, bytes, forOtherSites }) {
  const type = TYPES[path.includes('.') ? path.split('.').at(-1) : 'html'];
  const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 20);
  return `    {"${path}", {"${type}", std::string_view(\n${literal(bytes)}, ${bytes.length}), "\\"${etag}\\"", ${forOtherSites}}},`;
}

writeFileSync(output, `// Written by web/scripts/build.mjs.
#include "web/pages_data.hpp"

namespace offhook::web {
namespace {
constexpr NamedPage k_table[] = {
${pages.map(entry).join('\n')}
};
}  // namespace

const std::span<const NamedPage> k_pages = k_table;

}  // namespace offhook::web
`);
