// What the screen says about a call, in words.
import { outcomeText, type Call, type HistoryRecord, type Leg, type Media, type OffhookError, type Outcome, type UnseenOutcome } from '@offhook/client';
import { lengthText, listText } from './format';

export const MEDIA_NAME: Record<Media, string> = { video: 'Video call', audio: 'Audio call', none: 'Call without sound or picture' };

const UNANSWERED: Outcome[] = ['declined', 'busy', 'no_answer', 'unreachable'];

/** Everybody may be in it, or several still ring. */
export function isGroup(call: Call): boolean {
  if (call.groupMode === 'first_answer') return call.role === 'caller' && (call.state === 'calling' || call.state === 'ringing');
  return call.groupMode === 'all_join';
}

/** The others, as far as they matter: those who are there or may still come. */
export function othersIn(call: Call, me: string): string[] {
  const live = call.legs.filter(({ user, state }) => user !== me && state !== 'ended').map(({ user }) => user);
  const called = live.length > 0 ? live : call.legs.filter(({ user }) => user !== me).map(({ user }) => user);
  return call.role === 'callee' ? [call.peer, ...called] : called;
}

export function titleOf(call: Call, me: string): string {
  return hasTiles(call) ? listText(othersIn(call, me)) : call.peer;
}

/** Several people have a tile each, also when it is over: what became of each is there. */
export function hasTiles(call: Call): boolean {
  if (call.state === 'incoming') return false;
  return isGroup(call) || (call.state === 'ended' && call.role === 'caller' && call.legs.length > 1 && UNANSWERED.includes(call.outcome!));
}

export function endText({ outcome, reason, role, peer, legs }: Pick<Call, 'outcome' | 'reason' | 'role' | 'peer' | 'legs'>, me: string): string {
  if (!outcome) return 'The call has ended.';
  // What became of each is said beside it.
  if (role === 'caller' && legs.length > 1 && UNANSWERED.includes(outcome)) return 'Nobody answered.';
  // Not another device of this user: then the user's leg would go on.
  const own = legs.find(({ user }) => user === me);
  if (outcome === 'answered_elsewhere' && own?.outcome === 'answered_elsewhere') return `Somebody else answered ${peer}.`;
  return outcomeText(outcome, reason, role, peer);
}

export function stateText(call: Call, me: string): string {
  if (call.leaving) return call.state === 'incoming' ? 'Declining…' : 'Hanging up…';
  if (call.answering) return 'Answering…';
  switch (call.state) {
    case 'calling': return 'Calling…';
    case 'ringing': return 'Ringing…';
    case 'incoming': return 'is calling you';
    case 'connecting': return 'Connecting…';
    case 'active': return call.media === 'none' ? 'Connected' : '';
    case 'ended': return endText(call, me);
  }
}

export function detailText(call: Call, me: string): string {
  switch (call.state) {
    case 'calling':
    case 'ringing': return isGroup(call) ? groupDetailText(call) : [MEDIA_NAME[call.media], call.peerDevice].filter(Boolean).join(' · ');
    case 'incoming': return incomingDetailText(call, me);
    case 'ended': return call.durationMs ? `It lasted ${lengthText(call.durationMs)}.` : '';
    case 'connecting': return call.media === 'none' ? 'without sound or picture' : '';
    case 'active': return activeDetailText(call);
  }
}

const groupDetailText = (call: Call): string =>
  `${MEDIA_NAME[call.media]} · ${call.groupMode === 'first_answer' ? 'whoever answers first' : 'everybody who answers'}`;

function incomingDetailText(call: Call, me: string): string {
  const others = call.legs.map(({ user }) => user).filter((user) => user !== me);
  const also = others.length > 0 ? `also calling ${listText(others)}` : undefined;
  return [MEDIA_NAME[call.media], call.peerDevice, also].filter(Boolean).join(' · ');
}

function activeDetailText(call: Call): string {
  if (isGroup(call)) return call.media === 'none' ? 'without sound or picture' : '';
  if (call.media === 'none') return 'without sound or picture';
  if (call.peerHasAudio === false) return `${call.peer} is muted`;
  return call.media === 'video' && call.peerHasVideo === false ? `${call.peer}'s camera is off` : '';
}

const LEG_ENDS: Record<Outcome, string> = {
  ended: 'Has left', declined: 'Declined', busy: 'Busy', no_answer: 'Did not answer', unreachable: 'Not online', cancelled: 'Is not called any more',
  connect_failed: 'Could not connect', dropped: 'Lost the connection', failed: 'Could not be called', answered_elsewhere: 'Somebody else answered',
  declined_elsewhere: 'Declined', busy_elsewhere: 'Busy', missed: 'Did not answer', lost_contact: 'Lost the connection', moved_elsewhere: 'On another device',
};

/** What one user of a group does or did; nothing while talking. */
export function legText(leg: Leg): string {
  switch (leg.state) {
    case 'invited': return 'Calling…';
    case 'ringing': return 'Ringing…';
    case 'connecting': return 'Connecting…';
    case 'joined': return '';
    case 'ended': return leg.reason === 'by_dnd_rule' ? 'Does not want to be disturbed' : LEG_ENDS[leg.outcome ?? 'ended'];
  }
}

const unstableText = (users: readonly string[]): string =>
  (users.length === 1 ? `${users[0]}'s connection is unstable…` : `The connections of ${users.slice(0, -1).join(', ')} and ${users.at(-1)} are unstable…`);

/** The one thing that is wrong now; the own link comes first, because then nothing is known of the other side. */
export function warningText(call: Call, linkIsUp: boolean, mediaProblem: string | undefined): string {
  if (call.state === 'ended' || call.leaving) return '';
  if (!linkIsUp) return 'Your connection is interrupted. Reconnecting…';
  if (call.peerUnstable) return unstableText(call.unstablePeers);
  return mediaProblem ?? '';
}

/** Why there is no sound or picture of one's own; the call may go on being set up. */
export function mediaProblemText(error: OffhookError): string {
  if (error.word === 'permission') return 'The browser was not allowed to use the microphone or the camera.';
  return error.word === 'device' ? 'The microphone or the camera cannot be used: is it plugged in, or in use elsewhere?' : error.message;
}

export function recordText({ yourOutcome, reason, direction, peer, legs = [] }: HistoryRecord, me: string): string {
  return endText({ outcome: yourOutcome, reason, role: direction === 'outgoing' ? 'caller' : 'callee', peer, legs }, me);
}

/** Of calls that ended while this page was away. */
export function unseenText(outcomes: UnseenOutcome[]): string {
  const sentences = outcomes.slice(-3).map(({ outcome, reason, role, peer }) => outcomeText(outcome, reason, role, peer));
  return `While this page was away: ${sentences.join(' ')}`;
}
