// CONNECTIONS clients in one session of the real server, SIGNALS signals of 200 bytes from one after the other, each heard by all.
// Prints what the server's processor time was, for fanout.py.
//
//   OFFHOOKD=… node fanout_clients.mjs CONNECTIONS SIGNALS
import { readFileSync } from 'node:fs';
import { connect, startServer } from '../integration/harness.mjs';

const ticksPerSecond = 100;  // of /proc on every Linux that Debian runs on
const ackEvery = 100;        // events that may wait for an acknowledgement are limited

const [connections, signals] = process.argv.slice(2).map(Number);
const cpuSeconds = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

const server = await startServer('[log]\ncalls = false\n');
const clients = [];
let session;
for (let i = 0; i < connections; ++i) {
  const client = await connect(server, `listener${i}`);
  session ??= await client.ask('session_create');
  await client.ask('session_connect', { session_id: session.session_id, token: session.token });
  clients.push(client);
}

let heard = 0;
let allHeard;
for (const client of clients) {
  client.hear = (message) => {
    if (message.seq !== undefined) client.lastSeq = message.seq;
    if (message.type === 'ping' || message.seq % ackEvery === 0) client.send({ type: 'pong', seq: client.lastSeq });
    if (message.type === 'error') throw new Error(`refused: ${message.message}`);
    if (message.type === 'signal' && ++heard % connections === 0) allHeard();
  };
}

const data = 'x'.repeat(200);
const before = cpuSeconds(server.pid);
for (let i = 0; i < signals; ++i) {
  const told = new Promise((resolve) => { allHeard = resolve; });
  clients[i % connections].send({ type: 'signal', session_id: session.session_id, signal_type: 'chat', data, cmd_id: `s${i}` });
  await told;
}
const cpu = cpuSeconds(server.pid) - before;
console.log(JSON.stringify({ connections, signals, deliveries: heard, cpu_us_per_delivery: cpu * 1e6 / heard }));
process.exit(0);  // the sockets would keep it
