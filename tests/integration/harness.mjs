// Starts the real server on a port of its own and speaks its protocol over real sockets.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

const offhookd = process.env.OFFHOOKD;
if (!offhookd) throw new Error('set OFFHOOKD to the path of the server program');

export const devKey = '1000001';
export const devSecret = 'offhook-development-secret';
const patienceMs = 20_000;  // what has not come by then will not come

// Whatever becomes of the tests, no server and no file stays behind.
const atExit = [];
process.on('exit', () => atExit.forEach((clean) => clean()));

// Runs the program to its end.
export function run(args) {
  return new Promise((resolve) => {
    const child = spawn(offhookd, args);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => { stdout += bytes; });
    child.stderr.on('data', (bytes) => { stderr += bytes; });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'offhook-'));
  atExit.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeConfig(text) {
  const file = join(makeFolder(), 'offhook.toml');
  writeFileSync(file, text);
  return file;
}

// The server in development mode; port 0 lets the system choose.
export function startServer(config, port = 0, options = []) {
  return startProgram(['--dev', '--listen', `127.0.0.1:${port}`, ...(config ? ['--config', writeConfig(config)] : []), ...options]);
}

// What every server is given besides what the test wants, e.g. "--network-threads 2".
const moreOptions = (process.env.OFFHOOK_TEST_OPTIONS ?? '').split(' ').filter(Boolean);

// `errors`: where stderr goes, as of child_process; `program`: one that becomes the server.
export async function startProgram(args, errors = 'inherit', program = offhookd) {
  const child = spawn(program, [...args, ...moreOptions], { stdio: ['ignore', 'pipe', errors] });
  atExit.push(() => child.kill('SIGKILL'));
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  let said = '';
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes) => {
      said += bytes;
      const found = /https?:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found && said.endsWith('\n\n')) resolve(found[0]);  // the whole banner is there
    });
    child.on('exit', () => reject(new Error(`the server did not start: ${said}`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    stderr: child.stderr,
    said: () => said,
    exited,
    signal: (name) => child.kill(name),
    stop: async () => { child.kill('SIGKILL'); await exited; },
    token: async (user) => (await (await fetch(`${url}/dev/token?user=${encodeURIComponent(user)}`)).json()).token,
  };
}

// A token as an app's backend makes it: an hour, for the development project, unless the claims say otherwise.
export function makeToken(claims, secret = devSecret, header = { alg: 'HS256', typ: 'JWT' }) {
  const text = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${text(header)}.${text({ iss: devKey, exp: inSeconds(3600), ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

// Resolves with what `look` gives as soon as that is something.
export function until(look) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => { clearInterval(watch); reject(new Error(`not so within ${patienceMs} ms: ${look}`)); }, patienceMs);
    const watch = setInterval(async () => {
      const seen = await Promise.resolve().then(look).catch(() => undefined);
      if (!seen) return;
      clearInterval(watch);
      clearTimeout(limit);
      resolve(seen);
    }, 20);
  });
}

export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

// One REST request of a backend. Gives status and body.
export async function rest(server, path, { method = 'GET', body, token = makeToken({ scope: 'admin' }) } = {}) {
  const answer = await fetch(`${server.url}${path}`, { method, body, headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: await answer.json() };
}

// One client: answers heartbeats, remembers what it was told, waits for what it has not been told yet.
export class Client {
  constructor(server, user, device = `${user}-device`) {
    Object.assign(this, { server, user, device, lastSeq: 0, told: [], waiting: [], commands: 0, closed: undefined });
  }

  async open() {
    this.socket = new WebSocket(`${this.server.url.replace('http', 'ws')}/v1/client`);
    const socket = this.socket;
    socket.on('message', (bytes) => { if (socket === this.socket) this.hear(JSON.parse(bytes.toString())); });
    this.whenClosed = new Promise((resolve) => socket.on('close', (code) => { this.closed = code; resolve(code); }));
    await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); });
    return this;
  }

  async hello(extra = {}) {
    const token = extra.token ?? (await this.server.token(this.user));
    const welcome = this.next((message) => message.type === 'welcome');
    this.send({ type: 'hello', version: 1, device_id: this.device, ...extra, token });
    this.welcome = await welcome;
    return this;
  }

  // A new socket that goes on where the old one was cut; hear() checks that no event is missing or doubled.
  async resume(extra = {}) {
    const { client_id, resume_key } = this.welcome;
    await this.open();
    return this.hello({ resume: { client_id, resume_key, last_seq: this.lastSeq }, ...extra });
  }

  hear(message) {
    this.heardAt = performance.now();
    if (message.type === 'welcome' && !message.resumed) this.lastSeq = 0;
    if (message.seq !== undefined) {
      if (message.seq !== this.lastSeq + 1) throw new Error(`seq ${message.seq} after ${this.lastSeq}`);
      this.lastSeq = message.seq;
    }
    if (message.type === 'ping') return this.send({ type: 'pong', seq: this.lastSeq });
    this.told.push(message);
    const index = this.waiting.findIndex(({ wanted }) => wanted(message));
    if (index >= 0) this.waiting.splice(index, 1)[0].resolve(message);
    return undefined;
  }

  // The first message after this moment that is wanted.
  next(wanted) {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${this.user} was not told within ${patienceMs} ms: ${wanted}`)), patienceMs);
      limit.unref();
      this.waiting.push({ wanted, resolve: (message) => { clearTimeout(limit); resolve(message); } });
    });
  }

  nextCall(wanted) { return this.next((m) => m.type === 'call' && wanted(m.call)).then((m) => m.call); }
  nextEnd() { return this.nextCall((call) => call.device_outcome !== undefined); }

  send(message) { this.socket.send(typeof message === 'string' ? message : JSON.stringify(message)); }

  // The socket stays open, and nothing passes any more in either direction: a phone in a tunnel.
  fallSilent() {
    this.send = () => {};
    this.socket.pause();
  }

  // Resolves when nothing, not even a ping, has been heard for so long.
  heardNothingFor(ms) { return until(() => performance.now() - this.heardAt >= ms); }

  // Sends a command and gives its reply or error.
  ask(type, fields = {}) {
    const cmd_id = fields.cmd_id ?? `c${++this.commands}`;
    const answer = this.next((m) => m.cmd_id === cmd_id);
    this.send({ type, ...fields, cmd_id });
    return answer;
  }
}

export const connect = async (server, user, device) => (await new Client(server, user, device).open()).hello();

let people = 0;

// A caller and a callee nobody else has met, and a call between them that the callee has been told of.
export async function ring(server, { media = 'none', ...invite } = {}) {
  const number = ++people;
  const caller = await connect(server, `caller${number}`);
  const callee = await connect(server, `callee${number}`);
  const incoming = callee.nextCall(() => true);
  const { call } = await caller.ask('invite', { to: callee.user, media, ...invite });
  const told = await incoming;
  if (told.call_id !== call.call_id) throw new Error('the callee was told of another call');
  return { caller, callee, call_id: call.call_id, call, told };
}

// The same, answered, and both in the call's session.
export async function talk(server) {
  const { caller, callee, call_id } = await ring(server);
  const connecting = caller.nextCall((call) => call.phase === 'connecting');
  const { session_id } = (await callee.ask('answer', { call_id })).call;
  const active = caller.nextCall((call) => call.phase === 'active');
  await callee.ask('session_connect', { session_id });
  await caller.ask('session_connect', { session_id: (await connecting).session_id });
  await active;
  return { caller, callee, call_id, session_id };
}
