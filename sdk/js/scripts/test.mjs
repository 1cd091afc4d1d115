// Bundles every *.test.ts and runs them with Node's own test runner. The files are listed one by one: Node 18 takes no patterns.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('..', import.meta.url));
const tests = readdirSync(`${folder}/src`, { recursive: true }).filter((name) => name.endsWith('.test.ts'));
if (tests.length === 0) throw new Error('no *.test.ts below src: nothing would be tested');

rmSync(`${folder}/dist-test`, { recursive: true, force: true });
const { outputFiles } = await build({
  absWorkingDir: folder, entryPoints: tests.map((name) => `src/${name}`), bundle: true, platform: 'node', format: 'esm', target: 'node18',
  packages: 'external', sourcemap: 'inline', outdir: 'dist-test', outbase: 'src', outExtension: { '.js': '.mjs' }, metafile: true,
  write: true, logLevel: 'warning',
}).then((result) => ({ outputFiles: Object.keys(result.metafile.outputs).filter((name) => name.endsWith('.test.mjs')) }));

const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=tap', ...outputFiles],
  { cwd: folder, stdio: 'inherit', timeout: 120_000 });  // a test that does not end is one that fails
process.exit(run.status ?? 1);
