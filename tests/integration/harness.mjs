// Starts the real server on a port of its own and speaks its protocol over real sockets.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

const offhookd = process.env.OFFHOOKD;
if (!offhookd) throw new Error('set OFFHOOKD to the path of the server program');

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

export function writeConfig(text) {
  const file = join(mkdtempSync(join(tmpdir(), 'offhook-')), 'offhook.toml');
  writeFileSync(file, text);
  return file;
}

export async function startServer(config) {
  const args = ['--dev', '--listen', '127.0.0.1:0', ...(config ? ['--config', writeConfig(config)] : [])];
  const child = spawn(offhookd, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (bytes) => {
      said += bytes;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    });
    child.on('exit', () => reject(new Error(`the server did not start: ${said}`)));
  });
  return {
    url,
    exited,
    signal: (name) => child.kill(name),
    stop: async () => { child.kill('SIGKILL'); await exited; },
    token: async (user) => (await (await fetch(`${url}/dev/token?user=${encodeURIComponent(user)}`)).json()).token,
  };
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
    this.send({ type: 'hello', version: 1, token: await this.server.token(this.user), device_id: this.device, ...extra });
    this.welcome = await this.next((message) => message.type === 'welcome');
    return this;
  }

  hear(message) {
    if (message.seq !== undefined) {
      if (message.seq !== this.lastSeq + 1) throw new Error(`seq ${message.seq} after ${this.lastSeq}`);
      this.lastSeq = message.seq;
    }
    if (message.type === 'welcome' && !message.resumed) this.lastSeq = 0;
    if (message.type === 'ping') return this.send({ type: 'pong', seq: this.lastSeq });
    this.told.push(message);
    const index = this.waiting.findIndex(({ wanted }) => wanted(message));
    if (index >= 0) this.waiting.splice(index, 1)[0].resolve(message);
    return undefined;
  }

  // The first message after this moment that is wanted.
  next(wanted) { return new Promise((resolve) => this.waiting.push({ wanted, resolve })); }
  nextCall(wanted) { return this.next((m) => m.type === 'call' && wanted(m.call)).then((m) => m.call); }

  send(message) { this.socket.send(typeof message === 'string' ? message : JSON.stringify(message)); }

  // Sends a command and gives its reply or error.
  ask(type, fields = {}) {
    const cmd_id = `c${++this.commands}`;
    const answer = this.next((m) => m.cmd_id === cmd_id);
    this.send({ type, cmd_id, ...fields });
    return answer;
  }
}

export const connect = async (server, user, device) => (await new Client(server, user, device).open()).hello();
