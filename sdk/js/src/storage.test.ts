import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultStorage, journalKeyOf } from './storage';

const tokenOf = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;

test('one journal for each project, user and device', () => {
  const keys = [['1', 'zoë', 'd'], ['2', 'zoë', 'd'], ['1', 'bob', 'd'], ['1', 'zoë', 'e']].map(([iss, sub, device]) => journalKeyOf(tokenOf({ iss, sub }), device!));
  assert.equal(new Set(keys).size, 4);
  assert.equal(keys[0], 'offhook.journal.1.d.zoë');
});

test('a token that names no user, or is none, has no journal', () => {
  for (const token of [tokenOf({ iss: '1', session: 's' }), 'token', '', 'a.b.c']) assert.equal(journalKeyOf(token, 'd'), undefined, token);
});

test('without a browser it is kept for as long as the process lives', () => {
  const storage = defaultStorage();
  assert.equal(storage.getItem('k'), null);
  storage.setItem('k', 'text');
  assert.deepEqual([storage.getItem('k'), defaultStorage().getItem('k')], ['text', null]);
});

test('in a browser it is localStorage, unless that is forbidden', () => {
  const global = globalThis as { window?: unknown };
  try {
    const localStorage = new Map<string, string>();
    global.window = { localStorage };
    assert.equal(defaultStorage() as unknown, localStorage);
    global.window = { get localStorage() { throw new Error('forbidden'); } };
    assert.equal(defaultStorage().getItem('k'), null);
  } finally {
    delete global.window;
  }
});
