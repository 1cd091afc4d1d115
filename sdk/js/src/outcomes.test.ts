import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { outcomeText, type Outcome, type Reason, type Role } from './outcomes';

const ROLES: Role[] = ['caller', 'callee'];

// PROTOCOL.md section 7 is the list: an outcome or reason that is added there has no sentence until it has one here.
const section = /^## 7\. Outcomes\n(.*?)^## 8/ms.exec(readFileSync('../../PROTOCOL.md', 'utf8'))![1]!;  // the tests run in sdk/js
const wordsIn = (text: string): string[] => [...text.matchAll(/`([a-z_]+)`/g)].map((match) => match[1]!);
const TABLE = [...section.matchAll(/^\| `([a-z_]+)` \| [^|]+ \| ([^|]+) \|$/gm)]
  .map(([, outcome, reasons]) => [outcome as Outcome, wordsIn(reasons!) as Reason[]] as const);
const DEVICE_OUTCOMES: Outcome[] = ['answered_elsewhere', 'declined_elsewhere', 'busy_elsewhere', 'missed', 'moved_elsewhere', 'lost_contact'];

test('the table is read', () => {
  assert.deepEqual(TABLE.map(([outcome]) => outcome), ['ended', 'declined', 'busy', 'no_answer', 'unreachable', 'cancelled', 'connect_failed', 'dropped', 'failed']);
  for (const outcome of DEVICE_OUTCOMES) assert.ok(wordsIn(section).includes(outcome), outcome);
  assert.ok(TABLE.flatMap(([, reasons]) => reasons).length >= 33);
});

test('every outcome has a sentence for both sides, also without a reason', () => {
  for (const outcome of [...TABLE.map(([word]) => word), ...DEVICE_OUTCOMES]) {
    for (const role of ROLES) assert.match(outcomeText(outcome, undefined, role, 'Bob'), /^[A-Z].*\.$/, outcome);
  }
});

test('every reason has a sentence of its own, that says more than the outcome alone', () => {
  for (const role of ROLES) {
    for (const [outcome, reasons] of TABLE) {
      const sentences = reasons.map((reason) => outcomeText(outcome, reason, role, 'Bob'));
      assert.equal(new Set(sentences).size, reasons.length, `${outcome} for the ${role}: ${sentences.join(' / ')}`);
      // Withdrawing, declining and being busy are what the words mean without a reason; `in_call` is also what a person says.
      const plain = outcomeText(outcome, undefined, role, 'Bob');
      const silent = reasons.filter((_, index) => sentences[index] === plain);
      assert.deepEqual(silent, { declined: ['by_user'], cancelled: ['by_user'], busy: ['in_call'] }[outcome as string] ?? [], `${outcome} for the ${role}`);
    }
  }
});

test('reasons that name a side are said from where one stands', () => {
  const cases: [Outcome, Reason, string, string][] = [
    ['ended', 'by_caller', 'You hung up.', 'Bob hung up.'],
    ['ended', 'by_callee', 'Bob hung up.', 'You hung up.'],
    ['dropped', 'caller_lost', 'The call was dropped: you lost the connection.', 'The call was dropped: Bob lost the connection.'],
    ['cancelled', 'by_user', 'You cancelled the call.', 'Bob cancelled the call.'],
    ['declined', 'by_user', 'Bob declined the call.', 'You declined the call.'],
    ['declined', 'by_dnd_rule', 'Bob does not want to be disturbed.', 'You did not want to be disturbed.'],
    ['missed', 'by_dnd_rule', 'You did not want to be disturbed.', 'You did not want to be disturbed.'],
    ['busy', 'ring_slots_full', 'Bob is being called by others already.', 'Others were calling you already.'],
  ];
  for (const [outcome, reason, caller, callee] of cases) {
    assert.deepEqual([outcomeText(outcome, reason, 'caller', 'Bob'), outcomeText(outcome, reason, 'callee', 'Bob')], [caller, callee]);
  }
});
