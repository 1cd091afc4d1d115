// Calls of more than two (PROTOCOL.md section 6.5).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Group, Leg } from '../protocol';
import { joinedReply, Rig, ringingRig, talkingRig } from '../testing/rig';
import type { JsonObject } from '../testing/transcript';
import type { CallEventName, CallView } from './types';

const leg = (user: string, state: Leg['state'], outcome?: string): JsonObject => ({ user, state, ...(outcome && { outcome }) });
const placed = (legs: JsonObject[], more: JsonObject = {}): JsonObject =>
  ({ call_id: 'k', phase: 'inviting', role: 'caller', you: 'calling', group_mode: 'all_join', legs, deadlines_remaining_ms: { setup: 60_000 }, ...more });

const viewsOf = (rig: Rig, name: CallEventName): CallView[] => rig.told.flatMap((event) => ('call' in event && event.name === name ? event.call : []));

function groupRig(mode: Group['mode'] = 'all_join'): Rig {
  const rig = new Rig().connect();
  rig.handle = 'out';
  rig.input({ type: 'call', handle: 'out', group: { users: ['bob', 'carol'], mode }, media: 'none', timers: { ring_timeout_ms: 9_000 } });
  return rig;
}

/** Bob has answered, carol rings. */
function joinedRig(): Rig {
  const rig = groupRig();
  rig.reply('invite', { call: placed([leg('bob', 'invited'), leg('carol', 'invited')]) });
  rig.receive('call', {
    call: placed([leg('bob', 'connecting'), leg('carol', 'ringing')], {
      phase: 'connecting', you: 'joined', session_id: 's', deadlines_remaining_ms: { setup: 50_000, ring: 40_000, connect: 20_000 },
    }),
  });
  rig.reply('session_connect', joinedReply());
  return rig;
}

test('the invite names the users and how, and the timers of this call', () => {
  const rig = groupRig('first_answer');
  const { group, media, ring_timeout_ms, ...rest } = rig.last('invite') as unknown as JsonObject;
  assert.deepEqual([group, media, ring_timeout_ms], [{ users: ['bob', 'carol'], mode: 'first_answer' }, 'none', 9_000]);
  assert.equal(rest.to, undefined);
});

test('each change of what is known of the users is told, once', () => {
  const rig = groupRig();
  const [before, after] = [[leg('bob', 'invited'), leg('carol', 'invited')], [leg('bob', 'ended', 'declined'), leg('carol', 'ringing')]];
  rig.reply('invite', { call: placed(before) });
  rig.receive('call', { call: placed(before) });
  rig.receive('call', { call: placed(after, { ringing: true }) });
  assert.deepEqual(rig.story, ['calling', 'legs', 'ringing', 'legs']);
  assert.deepEqual(viewsOf(rig, 'legs').map((call) => call.legs), [before, after]);
});

test('who answered first is the peer', () => {
  const rig = groupRig('first_answer');
  rig.reply('invite', { call: placed([leg('bob', 'ringing'), leg('carol', 'ringing')], { callee: { user: 'bob' } }) });
  rig.receive('call', { call: placed([leg('bob', 'ended'), leg('carol', 'connecting')], { phase: 'connecting', you: 'joined', callee: { user: 'carol' } }) });
  assert.deepEqual(viewsOf(rig, 'connecting').map((call) => call.peer), ['carol']);
});

test('a device rings while others talk already, and is active when it has media itself', () => {
  const rig = new Rig().connect();
  const talk = (state: Leg['state'], you: string, more: JsonObject = {}): JsonObject => ({
    call_id: 'k', phase: 'active', role: 'callee', you, callee: { user: 'carol' }, group_mode: 'all_join',
    legs: [leg('bob', 'joined'), leg('carol', state)], ...more,
  });
  rig.receive('call', { call: talk('invited', 'notified') });
  assert.deepEqual(rig.story, ['incoming', 'legs']);
  rig.act('answer');
  rig.reply('answer', { call: talk('connecting', 'winner', { session_id: 's' }) });
  assert.deepEqual(rig.story, ['incoming', 'legs', 'connecting', 'legs']);
  rig.reply('session_connect', joinedReply());
  rig.receive('call', { call: talk('joined', 'winner') });
  assert.deepEqual(rig.story.slice(4), ['session_connected', 'active', 'legs']);
});

test('who of a group is not heard is named, again whenever it is somebody else', () => {
  const rig = new Rig().connect();
  const talk = (unstable?: string[]): JsonObject => ({
    call_id: 'k', phase: 'active', role: 'callee', you: 'winner', callee: { user: 'carol' }, group_mode: 'all_join',
    legs: [leg('bob', 'joined'), leg('carol', 'joined')], peer_unstable: unstable !== undefined, ...(unstable && { unstable }),
  });
  rig.receive('call', { call: { call_id: 'k', phase: 'inviting', role: 'callee', you: 'notified', group_mode: 'all_join' } });
  rig.act('answer');
  rig.reply('answer', { call: talk() });
  for (const unstable of [['bob'], ['bob'], ['alice', 'bob'], undefined]) rig.receive('call', { call: talk(unstable) });
  assert.deepEqual(viewsOf(rig, 'peer_unstable').map((call) => call.unstable), [['bob'], ['alice', 'bob']]);
  assert.deepEqual(viewsOf(rig, 'peer_stable').map((call) => call.unstable), [undefined]);
});

test('what is ignored goes on ringing silently while others talk', () => {
  const rig = ringingRig();
  rig.act('ignore');
  rig.reply('ignore', { call: { call_id: 'k', phase: 'active', you: 'ignored', legs: [leg('bob', 'ringing'), leg('dave', 'joined')] } });
  assert.deepEqual(rig.heard('ended'), []);
});

test('a user whose part is over is told why that is, though the call goes on', () => {
  const rig = ringingRig();
  const legs = [{ user: 'bob', state: 'ended', outcome: 'dropped', reason: 'callee_lost' }];
  rig.receive('call', { call: { call_id: 'k', phase: 'active', you: 'done', device_outcome: 'dropped', legs } });
  assert.equal(rig.outcome, 'dropped/callee_lost');
});

test('that one who answered never connects is no end while another one rings', () => {
  const rig = joinedRig();
  rig.receive('call', {
    call: placed([leg('bob', 'ended', 'connect_failed'), leg('carol', 'ringing')], { phase: 'connecting', you: 'joined', deadlines_remaining_ms: { ring: 20_000 } }),
  });
  rig.after(21_999);
  assert.deepEqual(rig.heard('ended'), []);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
});

test('adding somebody makes a group of a call between two', () => {
  const rig = talkingRig();
  rig.request({ type: 'ring_more', call_id: 'k', users: ['carol'] }, 9);
  assert.deepEqual(rig.last('ring_more').users, ['carol']);
  rig.reply('ring_more', { call: { call_id: 'k', group_mode: 'all_join', legs: [leg('bob', 'joined'), leg('carol', 'invited')] } });
  assert.deepEqual(viewsOf(rig, 'legs').map((call) => [call.groupMode, call.legs?.length]), [['all_join', 2]]);
  assert.deepEqual(rig.heard('done').map(({ request }) => request), [9]);
});

test('the timers of one call count for it alone: its own grace without a link', () => {
  const rig = talkingRig();
  rig.receive('call', { call: { call_id: 'k', drop_grace_ms: 5_000 } });
  rig.isSilent = true;
  rig.after(4_999);
  assert.deepEqual(rig.heard('ended'), []);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
});
