// `./dev test kills --rounds 1000` runs it longer.
//
// The server is killed with SIGKILL again and again at moments drawn by chance, while many talk. Whatever a client or a backend was
// told before must be true afterwards, and a call has one outcome, whoever is asked and however often the server was killed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { makeFolder, makeToken, rest, startServer, until } from './harness.mjs';

const rounds = Number(process.env.OFFHOOK_KILL_ROUNDS ?? 50);
const pairs = 8;

// Those of whom nobody comes back are given up soon, so that the last calls end while the test waits.
const config = `[timers]
wake_timeout = "2s"
ring_timeout = "5s"
setup_timeout = "6s"
caller_grace = "3s"
connect_timeout = "5s"
drop_grace = "3s"
unstable_after = "1s"
heartbeat_live = "500ms"
max_duration = "1m"
[limits]
rings_per_caller = 100000
rings_per_pair = 100000
rings_per_callee = 100000
`;

const phases = ['inviting', 'connecting', 'active', 'ended'];

// What has been told of each call so far.
class Facts {
  constructor() { this.calls = new Map(); this.rules = new Map(); this.problems = []; this.cuts = {}; }

  // A socket was closed, or a call refused, by a server that was not killed: on a machine that is too busy to keep the heartbeat.
  cut(why) { this.cuts[why] = (this.cuts[why] ?? 0) + 1; }

  note(call) {
    const known = this.calls.get(call.call_id);
    if (known?.outcome && call.outcome && known.outcome !== call.outcome) this.problems.push([known, call]);
    const is_newer = !known || phases.indexOf(call.phase) > phases.indexOf(known.phase) || (call.outcome && !known.outcome);
    if (!is_newer) return;
    const { call_id, phase, outcome, reason, answered_at_ms, created_at_ms } = call;
    this.calls.set(call_id, { call_id, phase, outcome, reason, answered_at_ms, created_at_ms });
  }

  // Is this record no less than what was told?
  check(record, known) {
    const same = ['created_at_ms', 'answered_at_ms', 'outcome'].every((field) => known[field] === undefined || known[field] === record[field]);
    if (!same || phases.indexOf(record.phase) < phases.indexOf(known.phase)) this.problems.push([known, record]);
  }
}

// One device. Everything ends, with nothing to say, as soon as the server is gone.
class Talker {
  constructor(server, user, facts) { Object.assign(this, { server, user, facts, commands: 0, calls: [], waiting: new Map(), onCall: () => {} }); }

  open() {
    return new Promise((resolve) => {
      this.socket = new WebSocket(`${this.server.url.replace('http', 'ws')}/v1/client`);
      this.socket.on('open', () => this.send({ type: 'hello', version: 1, device_id: 'd', token: makeToken({ sub: this.user }) }));
      this.socket.on('message', (bytes) => this.hear(JSON.parse(bytes), resolve));
      this.socket.on('error', () => {});
      this.socket.on('close', (code) => { if (!this.server.isKilled && !this.hasLeft) this.facts.cut(code); this.waiting.forEach((done) => done(undefined)); this.waiting.clear(); this.onCall(undefined); resolve(); });
    });
  }

  hear(message, opened) {
    if (message.type === 'ping') return this.send({ type: 'pong', seq: this.seq ?? 0 });
    if (message.seq) this.seq = message.seq;
    if (message.type === 'welcome') { this.calls = message.calls; message.calls.forEach((call) => this.facts.note(call)); opened(); }
    if (message.call) this.facts.note(message.call);
    if (message.type === 'call') this.onCall(message.call);
    this.waiting.get(message.cmd_id)?.(message);
    return this.waiting.delete(message.cmd_id);
  }

  leave() { this.hasLeft = true; this.socket.close(); }

  send(message) { if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message)); }

  ask(type, fields = {}) {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    const cmd_id = `${Date.now()}-${++this.commands}`;
    this.send({ type, ...fields, cmd_id });
    return new Promise((resolve) => this.waiting.set(cmd_id, resolve));
  }

  // The next call event of this kind; nothing if the server is gone.
  next(wanted) {
    return new Promise((resolve) => {
      this.onCall = (call) => { if (!call || wanted(call)) { this.onCall = () => {}; resolve(call); } };
      if (this.socket.readyState !== WebSocket.OPEN) this.onCall(undefined);
    });
  }
}

const endings = [
  (alice, bob, call_id) => alice.ask('cancel', { call_id }),
  (alice, bob, call_id) => bob.ask('decline', { call_id, reason: 'declined' }),
  (alice, bob, call_id) => bob.ask('decline', { call_id, reason: 'busy' }),
  async (alice, bob, call_id) => {
    const answered = await bob.ask('answer', { call_id });
    if (answered?.call?.you !== 'winner') return answered;
    const { session_id } = answered.call;
    await Promise.all([alice, bob].map((side) => side.ask('session_connect', { session_id })));
    return alice.ask('hangup', { call_id });
  },
];

// Until the server is gone.
async function keepCalling(server, number, facts) {
  while (!server.isKilled) {
    const sides = [`alice${number}`, `bob${number}`].map((user) => new Talker(server, user, facts));
    await Promise.all(sides.map((side) => side.open()));
    await callUntilCut(sides, number, facts);
    sides.forEach((side) => side.leave());
  }
}

// One call after another, until one of the two has no connection any more.
async function callUntilCut([alice, bob], number, facts) {
  for (const { call_id } of alice.calls) await alice.ask('hangup', { call_id });  // of the server before
  for (let turn = number; alice.socket.readyState === WebSocket.OPEN; ++turn) {
    const told = bob.next(() => true);
    const placed = await alice.ask('invite', { to: bob.user, media: 'none' });
    if (placed?.error) facts.cut(placed.error);
    if (!placed?.call) break;
    if (placed.call.phase === 'ended') continue;
    if (!(await told)) break;
    if (turn % 3 === 0) await bob.ask('ring_ack', { call_id: placed.call.call_id });
    await endings[turn % endings.length](alice, bob, placed.call.call_id);
    if (turn % 10 !== 0) continue;
    const count = (facts.rules.get(alice.user) ?? 0) + 1;
    if ((await alice.ask('set_rules', { rules: { max_parallel_rings: 1 + (count % 5), blocked: [`nobody${count}`] } }))?.rules) facts.rules.set(alice.user, count);
  }
}

async function checkAll(server, facts, ids) {
  for (const id of ids) {
    const { status, body } = await rest(server, `/v1/calls/${id}`);
    if (status !== 200) facts.problems.push([facts.calls.get(id), status]);
    else facts.check(body, facts.calls.get(id));
    if (status === 200) facts.note(body);
  }
  for (const [user, count] of facts.rules) {
    const { body } = await rest(server, `/v1/users/${user}/rules`);
    const kept = Number(body.blocked[0].slice('nobody'.length));
    if (kept !== count && kept !== count + 1) facts.problems.push([user, count, kept]);
    facts.rules.set(user, kept);
  }
}

// For who runs many rounds: what they were worth.
function summary(facts, began, kills, decided) {
  const outcomes = {};
  for (const { outcome } of facts.calls.values()) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const kinds = Object.entries(outcomes).sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const live = kills.reduce((sum, count) => sum + count, 0);
  return `${kills.length} kills in ${Math.round((Date.now() - began) / 1000)} s: ${facts.calls.size} calls (${kinds}), ${live} of them killed in the middle, `
    + `each looked up after the kill and at the end; ${decided} decided again; `
    + `${Object.values(facts.cuts).reduce((sum, count) => sum + count, 0)} connections cut by a server that lived; ${facts.problems.length} problems`;
}

// Whatever was in the way of a call, its inputs lead to what became of it.
async function decideAgain(server, ids) {
  for (const id of ids) {
    const { status, body } = await rest(server, `/v1/calls/${id}/replay`);
    assert.deepEqual([status, body.same], [200, true], `${id}: ${JSON.stringify(body.difference ?? body)}`);
  }
}

test(`${rounds} kills at any moment: nothing that was told is lost, and every call has one outcome`, async () => {
  const facts = new Facts();
  const data = makeFolder();
  let port = 0;
  let checked = 0;
  const began = Date.now();
  const kills = [];  // how many calls went on at each
  for (let round = 0; round < rounds; ++round) {
    const server = await startServer(config, port, ['--data', data]);
    port = server.port;
    await checkAll(server, facts, [...facts.calls.keys()].slice(checked));
    checked = facts.calls.size;
    const talking = Promise.all(Array.from({ length: pairs }, (_, number) => keepCalling(server, number, facts)));
    const enough = facts.calls.size + 1 + Math.floor(Math.random() * 120);
    await until(() => facts.calls.size >= enough).catch((error) => { throw new Error(`round ${round}, cuts ${JSON.stringify(facts.cuts)}: ${error.message}`); });
    kills.push([...facts.calls.values()].filter(({ phase }) => phase !== 'ended').length);
    server.isKilled = true;
    await server.stop();
    await talking;
    assert.deepEqual(facts.problems, []);
  }
  const server = await startServer(config, port, ['--data', data]);
  await until(async () => (await Promise.all(phases.slice(0, 3).map((phase) => rest(server, `/v1/calls?phase=${phase}`)))).every(({ body }) => body.calls.length === 0));
  await checkAll(server, facts, facts.calls.keys());
  const decided = [...facts.calls.keys()].slice(-500);
  await decideAgain(server, decided);
  console.log(summary(facts, began, kills, decided.length));
  assert.deepEqual(facts.problems, []);
  assert.ok(facts.calls.size > rounds * 10, `only ${facts.calls.size} calls: too few to show anything`);
  await server.stop();
});
