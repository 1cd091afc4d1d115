// What the server shows to browsers, and the banner that leads there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { startProgram, startServer, writeConfig } from './harness.mjs';

test('the pages come with their types, a policy without inline scripts, and are asked for again each time', async () => {
  const server = await startServer();
  const types = {
    '/': 'text/html; charset=utf-8', '/app.css': 'text/css; charset=utf-8', '/app.js': 'text/javascript; charset=utf-8', '/icon.svg': 'image/svg+xml',
    '/offhook.js': 'text/javascript; charset=utf-8', '/offhook.global.js': 'text/javascript; charset=utf-8',
  };
  for (const [path, type] of Object.entries(types)) {
    const answer = await fetch(server.url + path);
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, type], path);
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.ok((await answer.text()).length > 100, path);
  }
  await server.stop();
});

test('a page that has not changed is not sent again', async () => {
  const server = await startServer();
  const first = await fetch(`${server.url}/app.js`);
  const etag = first.headers.get('etag');
  const status = async (known) => (await fetch(`${server.url}/app.js`, { headers: { 'if-none-match': known } })).status;
  assert.deepEqual([await status(etag), await status(`"old", W/${etag}`), await status('*'), await status('"old"')], [304, 304, 304, 200]);
  const other = await fetch(`${server.url}/app.css`, { headers: { 'if-none-match': etag } });
  assert.equal(other.status, 200);
  await server.stop();
});

test('HEAD gives the headers alone, POST is refused', async () => {
  const server = await startServer();
  const whole = (await (await fetch(server.url)).arrayBuffer()).byteLength;
  const head = await fetch(server.url, { method: 'HEAD' });
  assert.deepEqual([head.status, Number(head.headers.get('content-length')), await head.text()], [200, whole, '']);
  const posted = await fetch(server.url, { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  await server.stop();
});

test('pages of other sites may load the library, and nothing else', async () => {
  const server = await startServer();
  const open = async (path) => (await fetch(server.url + path)).headers.get('access-control-allow-origin');
  assert.deepEqual([await open('/offhook.js'), await open('/offhook.global.js')], ['*', '*']);
  assert.deepEqual([await open('/'), await open('/app.js'), await open('/dev/token?user=a')], [null, null, null]);
  await server.stop();
});

test('the pages are there without development mode as well', async () => {
  const server = await startProgram(['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig('[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n')]);
  assert.equal((await fetch(server.url)).status, 200);
  await server.stop();
});

async function bannerOf(args) {
  const child = spawn(process.env.OFFHOOKD, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const bytes of child.stdout) {
    said += bytes;
    if (said.endsWith('\n\n') && said.includes('Clients')) child.kill('SIGKILL');
  }
  return said;
}

test('the banner of development mode fits one screen, says where to go and what is insecure, and is plain text in a pipe', async () => {
  const banner = await bannerOf(['--dev', '--listen', '127.0.0.1:0']);
  const site = /http:\/\/127\.0\.0\.1:\d+/.exec(banner)[0];
  for (const wanted of [`${site}/?user=alice`, `${site}/?user=bob`, `${site}/dev/token?user=NAME`, `${site.replace('http', 'ws')}/v1/client`,
    '1000001', 'offhook-development-secret', 'Not secure', 'Ctrl+C']) assert.ok(banner.includes(wanted), wanted);
  assert.ok(!banner.includes('\x1b'));
  const lines = banner.split('\n');
  assert.ok(lines.length <= 24 && lines.every((line) => line.length <= 110), banner);
});

test('the banner without development mode tells no secret', async () => {
  const banner = await bannerOf(['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig('[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n')]);
  assert.match(banner, /ws:\/\/127\.0\.0\.1:\d+\/v1\/client/);
  assert.ok(!banner.includes('0123456789abcdef') && !banner.includes('offhook-development-secret'));
});
