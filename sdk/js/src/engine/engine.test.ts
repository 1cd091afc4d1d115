// Whatever comes, in whatever order: the promises of the engine hold. Each seed is another story.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../testing/rig';
import type { JsonObject } from '../testing/transcript';
import type { CallAction } from './types';

const SEEDS = 300;
const STEPS = 150;
const ACTIONS: CallAction['do'][] = ['answer', 'decline', 'busy', 'cancel', 'hangup', 'ignore', 'media_up', 'media_down'];
const STORIES: JsonObject[] = [
  { phase: 'inviting', role: 'callee', you: 'notified' }, { phase: 'inviting', role: 'callee', you: 'ringing', ringing: true },
  { phase: 'inviting', role: 'caller', you: 'calling' }, { phase: 'inviting', role: 'caller', you: 'calling', ringing: true },
  { phase: 'connecting', role: 'caller', you: 'joined', session_id: 's1' }, { phase: 'active', role: 'callee', you: 'winner', session_id: 's2' },
  { phase: 'connecting', role: 'callee', you: 'elsewhere', device_outcome: 'answered_elsewhere' }, { peer_unstable: true },
  { phase: 'ended', you: 'done', outcome: 'ended', device_outcome: 'ended' }, { phase: 'inviting', role: 'caller', you: 'bystander' },
];

class Story extends Rig {
  #state: number;
  #handles = 0;
  #requests = 0;

  constructor(seed: number) {
    super();
    this.#state = seed * 2_654_435_761 % 4_294_967_296;
    this.connect();
  }

  /** A whole number below `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }

  step(): void {
    switch (this.below(12)) {
      case 0: return this.place('bob', 'none', `out${this.#handles += 1}`);
      case 1:
      case 2: return this.act(this.pick(ACTIONS));
      case 3:
      case 4: return this.receive('call', { call: this.snapshot() });
      case 5: case 6: return this.answerSomething();
      case 7: return this.askSomething();
      case 8: return this.receive('session_disconnected', { session_id: `s${this.below(3)}`, reason: 'force_disconnected' });
      case 9: return this.loseLink();
      default: this.after(this.pick([1, 300, 2_600, 11_000, 30_000]));
    }
  }

  snapshot(): JsonObject {
    return { call_id: `k${this.below(4)}`, phase: 'inviting', role: 'caller', you: 'calling', ...this.pick(STORIES), version: this.below(30) };
  }

  answerSomething(): void {
    const commands = this.sent.filter((message) => 'cmd_id' in message) as { cmd_id: string }[];
    if (commands.length === 0) return;
    const { cmd_id } = this.pick(commands.slice(-6));
    const kind = this.below(4);
    if (kind === 0) return this.receive('error', { cmd_id, error: this.pick(['no_such_call', 'rate_limited', 'internal', 'no_such_session']) });
    if (kind === 1) return this.receive('reply', { cmd_id, expectation_id: `e${this.below(3)}`, remaining_ms: this.below(5_000) });
    if (kind === 2) return this.receive('reply', { cmd_id, session_id: 's1', connection: { connection_id: 'c' } });
    this.receive('reply', { cmd_id, call: this.snapshot() });
  }

  askSomething(): void {
    const session_id = `s${this.below(3)}`;
    const request = this.#requests += 1;
    const bodies = [
      { type: 'history' }, { type: 'session_connect', session_id }, { type: 'session_disconnect', session_id },
      { type: 'expect', session_id, timeout_ms: 2_000 }, { type: 'signal', session_id, signal_type: 't', data: '' },
    ] as const;
    this.request(this.pick(bodies), request);
  }

  loseLink(): void {
    this.cut();
    this.isSilent = true;
    this.after(this.pick([0, 300, 4_000, 15_000, 40_000]));
    this.input({ type: 'wake' });
    this.welcome({ resumed: this.below(2) === 0, calls: this.below(2) === 0 ? [this.snapshot()] : [] });
  }

  /** Nothing of a call comes after its end, and an end comes once. */
  checkCalls(): void {
    const over = new Set<string>();
    for (const event of this.told) {
      if (!('call' in event)) continue;
      assert.ok(!over.has(event.call.handle), `${event.name} after the end of ${event.call.handle}`);
      if (event.name === 'ended') over.add(event.call.handle);
    }
    const begun = new Set(this.told.flatMap((event) => ('call' in event ? event.call.handle : [])));
    for (let count = 1; count <= this.#handles; count += 1) begun.add(`out${count}`);
    assert.deepEqual([...begun].filter((handle) => !over.has(handle)), [], 'calls without an end');
  }

  checkRequests(): void {
    const answered = this.told.flatMap((event) => ('request' in event ? event.request : []));
    assert.deepEqual([...answered].sort((a, b) => a - b), Array.from({ length: this.#requests }, (_, index) => index + 1));
  }
}

test('every call ends once and every request is answered once, whatever the server and the network do', () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const story = new Story(seed);
    for (let step = 0; step < STEPS; step += 1) {
      story.step();
      const deadline = story.engine.nextDeadline();
      assert.ok(deadline === undefined || deadline > story.now, `seed ${seed}: a deadline that was served stays`);
    }
    story.input({ type: 'disconnect' });
    story.checkCalls();
    story.checkRequests();
    assert.equal(story.engine.nextDeadline(), undefined);
  }
});

test('without a server every call ends by itself', () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const story = new Story(seed);
    for (let step = 0; step < 40; step += 1) story.step();
    story.cut();
    story.isSilent = true;
    story.after(90_000);
    story.checkCalls();
  }
});
