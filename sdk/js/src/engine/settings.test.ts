import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SETTINGS } from '../testing/client_run';
import { contradictionOf, limitsOf, problemOf, type Watchdogs } from './settings';

test('the defaults fit the server, whatever its timers are', () => {
  assert.equal(contradictionOf({}, DEFAULT_SETTINGS), undefined);
  assert.equal(contradictionOf({}, { ...DEFAULT_SETTINGS, caller_grace_ms: 30_000, drop_grace_ms: 3_000, connect_timeout_ms: 5_000 }), undefined);
});

test('defaults follow the timers of the server', () => {
  const { place, caller, call, answer } = limitsOf({}, {
    ...DEFAULT_SETTINGS, place_timeout_ms: 7_000, caller_grace_ms: 4_000, drop_grace_ms: 6_000, connect_timeout_ms: 5_000,
  });
  assert.deepEqual({ place, caller, call, answer }, { place: 7_000, caller: 6_000, call: 6_000, answer: 5_000 });
});

test('what is given counts', () => {
  const given: Required<Watchdogs> = { place: 1, caller: 2, setup: 3, ring: 4, ringContact: 5, answer: 6, connect: 7, call: 8, end: 9, wake: 5_000 };
  assert.deepEqual(limitsOf(given, DEFAULT_SETTINGS), given);
});

test('each contradiction names both sides with their values', () => {
  const cases: [Watchdogs, RegExp][] = [
    [{ caller: 11_999 }, /caller is 11999 ms .* at least caller_grace_ms \+ 2000 = 12000 ms/],
    [{ call: 19_999 }, /call is 19999 ms .* at least drop_grace_ms = 20000 ms/],
    [{ call: 25_001 }, /call is 25001 ms .* at most drop_grace_ms \+ 5000 = 25000 ms/],
    [{ ringContact: 1_999 }, /ringContact is 1999 ms .* at least 2 × heartbeat_live_ms = 2000 ms/],
    [{ answer: 20_001 }, /answer is 20001 ms .* at most connect_timeout_ms = 20000 ms/],
  ];
  for (const [watchdogs, sentence] of cases) assert.match(contradictionOf(watchdogs, DEFAULT_SETTINGS) ?? '', sentence);
  const atTheEdge: Watchdogs = { caller: 12_000, call: 25_000, ringContact: 2_000, answer: 20_000 };
  assert.equal(contradictionOf(atTheEdge, DEFAULT_SETTINGS), undefined);
});

test('a watchdog is 0 to an hour, and one of those there are', () => {
  for (const value of [-1, 3_600_001, NaN, Infinity]) assert.match(problemOf({ ring: value }) ?? '', /watchdog ring is/);
  assert.match(problemOf({ rign: 1 } as Watchdogs) ?? '', /no watchdog "rign"; there are: place, caller/);
  assert.equal(problemOf({ ring: 0, end: 3_600_000 }), undefined);
  for (const wake of [2_999, 15_001]) assert.match(problemOf({ wake }) ?? '', /watchdog wake is .* 3000 to 15000/);
});
