// Bundles the library: an ES module, and one file for a script tag that defines the global `Offhook`.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const folder = new URL('..', import.meta.url).pathname;
const common = { absWorkingDir: folder, entryPoints: ['src/index.ts'], bundle: true, target: 'es2022', sourcemap: true, logLevel: 'warning' };

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true });
await build({ ...common, format: 'esm', outfile: 'dist/offhook.js' });
await build({ ...common, format: 'iife', globalName: 'Offhook', minify: true, outfile: 'dist/offhook.global.js' });
