import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PERIOD_MS, Rig, talkingRig } from '../testing/rig';

const presence = { user: 'bob', online: true };

test('the first message is hello, with the token that the socket was opened with', () => {
  const rig = new Rig();
  rig.input({ type: 'connect' });
  rig.input({ type: 'connect' });
  assert.equal(rig.link, 1);
  rig.input({ type: 'opened', link: 1, token: 'secret' });
  assert.deepEqual(rig.sent, [{ type: 'hello', version: 1, token: 'secret', device_id: 'device', client: 'test' }]);
});

test('every ping is answered at once and acknowledges the events heard', () => {
  const rig = new Rig().connect();
  rig.receive('ping', { period_ms: PERIOD_MS });
  assert.deepEqual(rig.last('pong'), { type: 'pong' });
  rig.receive('presence', presence);
  rig.receive('ping', { period_ms: PERIOD_MS });
  assert.deepEqual(rig.last('pong'), { type: 'pong', seq: 1 });
});

test('at most 64 events go unacknowledged', () => {
  const rig = new Rig().connect();
  for (let count = 0; count < 130; count += 1) rig.receive('presence', presence);
  assert.deepEqual(rig.all('ack').map(({ seq }) => seq), [64, 128]);
});

test('silence of 2.5 periods is a lost link, a new period counts from the ping that tells it', () => {
  const rig = new Rig().connect();
  rig.receive('ping', { period_ms: 4_000 });
  rig.isSilent = true;
  rig.after(9_999);
  assert.equal(rig.heard('offline').length, 0);
  rig.after(1);
  assert.equal(rig.heard('offline').length, 1);
  assert.equal(rig.closed[0]!.link, 1);
});

test('a lost link is opened again, resuming after the last event', () => {
  const rig = new Rig().connect();
  rig.receive('presence', presence);
  rig.receive('presence', presence);
  rig.cut();
  assert.equal(rig.link, 1);
  rig.after(250);
  assert.equal(rig.link, 2);
  rig.welcome({ resumed: true });
  assert.deepEqual(rig.last('hello').resume, { client_id: 'client', resume_key: 'key', last_seq: 2 });
});

test('an event seen before is ignored', () => {
  const rig = new Rig().connect();
  rig.receive('presence', presence);
  rig.receive('presence', { ...presence, seq: 1 });
  assert.equal(rig.heard('presence').length, 1);
  rig.receive('presence', presence);
  assert.equal(rig.heard('presence').length, 2);
});

test('a missing event is asked for by resuming', () => {
  const rig = new Rig().connect();
  rig.receive('presence', presence);
  rig.receive('presence', { ...presence, seq: 3 });
  assert.deepEqual([rig.heard('presence').length, rig.heard('offline').length], [1, 1]);
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  assert.equal(rig.last('hello').resume!.last_seq, 1);
  rig.receive('presence', presence);
  assert.equal(rig.heard('presence').length, 2);
});

test('an event of a newer server counts, although nothing is known of it', () => {
  const rig = new Rig().connect();
  rig.receive('comet', { tail: 'long' });
  rig.receive('presence', presence);
  assert.equal(rig.heard('offline').length, 0);
  assert.equal(rig.heard('presence').length, 1);
});

test('the pauses grow to 5 s, are spread, and start afresh after a link that was settled', () => {
  const pauses: number[] = [];
  const rig = new Rig({ random: () => 1 }).connect();
  rig.isSilent = true;
  for (let attempt = 0; attempt < 7; attempt += 1) {
    const lost = rig.now;
    const { link } = rig;
    rig.cut();
    while (rig.link === link) rig.after(10);
    pauses.push(rig.now - lost);
  }
  assert.deepEqual(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  rig.welcome({ resumed: true });
  rig.after(5_000);
  const { link } = rig;
  rig.cut();
  rig.after(250);
  assert.equal(rig.link, link + 1);
  const early = new Rig({ random: () => 0 }).connect();
  early.cut();
  early.after(125);
  assert.equal(early.link, 2);
});

test('a socket that opens too slowly, or a server that does not welcome, is given up after 10 s', () => {
  const rig = new Rig();
  rig.input({ type: 'connect' });
  rig.isSilent = true;
  rig.after(10_000);
  assert.deepEqual(rig.closed.map(({ link }) => link), [1]);
  rig.after(500);
  rig.input({ type: 'opened', link: 2, token: 'token' });
  rig.after(10_000);
  assert.deepEqual(rig.closed.map(({ link }) => link), [1, 2]);
});

test('in a call an opening has 4 s, twice, before one is given its time, and pauses are short', () => {
  const rig = talkingRig({ random: () => 1 });
  rig.receive('call', { call: { call_id: 'k', phase: 'active', drop_grace_ms: 120_000 } });
  rig.isSilent = true;
  rig.cut();
  const openings: number[] = [];
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const lost = rig.now;
    const { link, closed } = rig;
    while (rig.link === link) rig.after(10);
    pauses.push(rig.now - lost);
    const opened = rig.now;
    const before = closed.length;
    while (closed.length === before) rig.after(10);
    openings.push(rig.now - opened);
  }
  assert.deepEqual([openings, pauses], [[4_000, 4_000, 10_000, 10_000], [250, 500, 1_000, 1_000]]);
  rig.after(1_000);
  rig.welcome({ resumed: true });
  rig.isSilent = true;
  rig.cut();
  rig.after(1_000);
  rig.after(4_000);
  assert.equal(rig.closed.length, 7, 'after a welcome it is in a hurry again');
});

test('after waking up the server is asked whether it is there, and has 5 s to answer', () => {
  const rig = new Rig().connect({ heartbeat_ms: 25_000 });
  rig.isSilent = true;
  rig.input({ type: 'wake' });
  assert.equal(rig.all('ping').length, 1);
  rig.receive('pong');
  rig.after(10_000);
  assert.equal(rig.heard('offline').length, 0);
  rig.input({ type: 'wake' });
  rig.after(5_000);
  assert.equal(rig.heard('offline').length, 1);
});

test('a call that is placed on an idle link that died unnoticed goes through on the next one', () => {
  const rig = new Rig().connect({ heartbeat_ms: 25_000 });
  rig.place();
  assert.equal(rig.all('ping').length, 0, 'the server was heard just now');
  rig.reply('invite', { call: { call_id: 'k', phase: 'ended', you: 'done', outcome: 'busy', device_outcome: 'busy' } });
  rig.isSilent = true;
  rig.after(20_000);
  rig.place();
  assert.equal(rig.all('ping').length, 1);
  rig.after(4_999);
  assert.equal(rig.heard('offline').length, 0);
  rig.after(1 + 250);
  rig.welcome({ resumed: true });
  rig.reply('invite', { call: { call_id: 'k2', phase: 'inviting', role: 'caller', you: 'calling' } });
  assert.equal(rig.told.at(-1)?.name, 'calling');
});

test('a machine that slept finds out at once', () => {
  const rig = new Rig().connect();
  rig.now += 3_600_000;
  rig.input({ type: 'wake' });
  assert.equal(rig.heard('offline').length, 1);
});

test('a message that waited while the machine was busy is contact, however late it is read', () => {
  const rig = new Rig().connect();
  rig.now += 60_000;
  rig.receive('ping', { period_ms: PERIOD_MS });
  assert.equal(rig.heard('offline').length, 0);
});

test('what an older socket says is passed over', () => {
  const rig = new Rig().connect();
  rig.reconnect();
  rig.input({ type: 'closed', link: 1, code: 1006 });
  rig.input({ type: 'received', link: 1, message: { type: 'error', error: 'replaced', message: '', fatal: true } });
  rig.input({ type: 'opened', link: 1, token: 'old' });
  assert.deepEqual([rig.heard('offline').length, rig.heard('closed').length, rig.all('hello').length], [1, 0, 2]);
});

test('errors that would come again close for good, those that pass do not', () => {
  for (const word of ['replaced', 'bad_token', 'unsupported_version', 'token_expired']) {
    const rig = new Rig().connect();
    rig.receive('error', { error: word, fatal: true });
    assert.equal(rig.heard('closed')[0]!.problem!.word, word);
    rig.after(60_000);
    assert.equal(rig.link, 1);
  }
  for (const word of ['overloaded', 'slow_consumer']) {
    const rig = new Rig().connect();
    rig.receive('error', { error: word, fatal: true });
    rig.after(250);
    assert.equal(rig.link, 2);
  }
});

test('a pause the server asks for is kept, and a little more', () => {
  for (const [askedMs, leastMs, mostMs] of [[7_000, 7_000, 8_400], [3_600_000, 60_000, 72_000], [1, 125, 250]] as const) {
    const rig = new Rig().connect();
    rig.receive('error', { error: 'overloaded', fatal: true, retry_after_ms: askedMs });
    rig.after(leastMs - 1);
    assert.equal(rig.link, 1, `${askedMs}`);
    rig.after(mostMs - leastMs + 1);
    assert.equal(rig.link, 2, `${askedMs}`);
  }
});

test('an expired token is renewed if it can be', () => {
  const rig = new Rig({ canRenewToken: true });
  rig.input({ type: 'connect' });
  rig.input({ type: 'opened', link: 1, token: 'old' });
  rig.receive('error', { error: 'token_expired', fatal: true });
  rig.after(250);
  assert.equal(rig.link, 2);
});

test('close codes say for good what no error word has said', () => {
  for (const [code, word] of [[4001, 'bad_token'], [4002, 'replaced']] as const) {
    const rig = new Rig().connect();
    rig.cut(code);
    assert.equal(rig.heard('closed')[0]!.problem!.word, word);
  }
});

test('watchdogs that contradict the server close, naming both', () => {
  const rig = new Rig({ watchdogs: { call: 1_000 } }).connect();
  assert.equal(rig.heard('closed')[0]!.problem!.word, 'bad_settings');
  assert.match(rig.heard('closed')[0]!.problem!.message, /call is 1000 ms .* drop_grace_ms = 20000 ms/);
  assert.equal(rig.heard('online').length, 0);
  assert.equal(rig.sent.at(-1)!.type, 'bye');
});

test('after closing one can connect again, as a new client', () => {
  const rig = new Rig().connect();
  rig.input({ type: 'disconnect' });
  rig.input({ type: 'disconnect' });
  assert.equal(rig.heard('closed').length, 1);
  rig.connect();
  assert.equal(rig.heard('online').length, 2);
  assert.equal(rig.last('hello').resume, undefined);
});
