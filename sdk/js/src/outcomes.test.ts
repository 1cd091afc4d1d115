import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeText, type Outcome, type Reason } from './outcomes';

const OUTCOMES: Outcome[] = [
  'ended', 'declined', 'busy', 'no_answer', 'unreachable', 'cancelled', 'connect_failed', 'dropped', 'failed', 'answered_elsewhere',
  'declined_elsewhere', 'busy_elsewhere', 'missed', 'lost_contact',
];

test('every outcome has a sentence for both sides, also without a reason', () => {
  for (const outcome of OUTCOMES) {
    for (const role of ['caller', 'callee'] as const) assert.match(outcomeText(outcome, undefined, role, 'Bob'), /^[A-Z].*\.$/, outcome);
  }
});

test('reasons that name a side are said from where one stands', () => {
  const cases: [Outcome, Reason, string, string][] = [
    ['ended', 'by_caller', 'You hung up.', 'Bob hung up.'],
    ['ended', 'by_callee', 'Bob hung up.', 'You hung up.'],
    ['dropped', 'caller_lost', 'The call was dropped: you lost the connection.', 'The call was dropped: Bob lost the connection.'],
    ['cancelled', 'by_user', 'You cancelled the call.', 'Bob cancelled the call.'],
    ['declined', 'by_user', 'Bob declined the call.', 'You declined the call.'],
  ];
  for (const [outcome, reason, caller, callee] of cases) {
    assert.deepEqual([outcomeText(outcome, reason, 'caller', 'Bob'), outcomeText(outcome, reason, 'callee', 'Bob')], [caller, callee]);
  }
});

test('different causes of a failure are told apart', () => {
  const reasons: Reason[] = ['no_such_user', 'not_allowed', 'rate_limited', 'overloaded', 'server_shutdown', 'server_unreachable'];
  const sentences = reasons.map((reason) => outcomeText('failed', reason, 'caller', 'Bob'));
  assert.equal(new Set(sentences).size, reasons.length);
});
