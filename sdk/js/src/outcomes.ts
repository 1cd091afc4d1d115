// Outcomes of calls (PROTOCOL.md section 7) and what to say about them to a person.

export type Outcome =
  | 'ended' | 'declined' | 'busy' | 'no_answer' | 'unreachable' | 'cancelled' | 'connect_failed' | 'dropped' | 'failed'
  | 'answered_elsewhere' | 'declined_elsewhere' | 'busy_elsewhere' | 'missed' | 'lost_contact' | 'moved_elsewhere';

export type Reason =
  | 'by_caller' | 'by_callee' | 'by_api' | 'max_duration' | 'by_user' | 'in_call' | 'ring_slots_full' | 'device_busy_all'
  | 'no_devices' | 'push_unacked' | 'caller_lost' | 'callee_lost' | 'both_lost' | 'media_lost' | 'timeout' | 'ice_failed'
  | 'caller_media' | 'callee_media' | 'permission' | 'no_such_user' | 'not_allowed' | 'rate_limited' | 'overloaded' | 'internal'
  | 'server_shutdown' | 'server_unreachable' | 'by_dnd_rule' | 'blocked' | 'alone' | 'all_left' | 'push_refused';

export type Role = 'caller' | 'callee';

/** `you`: this side; `them`: the other side, by the reasons that name a side by its role. */
function sideOf(reason: Reason | undefined, role: Role): 'you' | 'them' | undefined {
  if (reason === 'by_caller' || reason === 'caller_lost' || reason === 'caller_media') return role === 'caller' ? 'you' : 'them';
  if (reason === 'by_callee' || reason === 'callee_lost' || reason === 'callee_media') return role === 'callee' ? 'you' : 'them';
  return undefined;
}

function endedText(reason: Reason | undefined, role: Role, peer: string): string {
  if (reason === 'max_duration') return 'The call reached the longest time a call may take.';
  if (reason === 'by_api') return 'The service ended the call.';
  if (reason === 'alone') return 'Everybody else has left.';
  if (reason === 'all_left') return 'Everybody has left.';
  const side = sideOf(reason, role);
  if (side === 'you') return 'You hung up.';
  return side === 'them' ? `${peer} hung up.` : 'The call has ended.';
}

function declinedText(reason: Reason | undefined, role: Role, peer: string): string {
  if (reason === 'by_dnd_rule') return role === 'caller' ? `${peer} does not want to be disturbed.` : 'You did not want to be disturbed.';
  return role === 'caller' ? `${peer} declined the call.` : 'You declined the call.';
}

function busyText(reason: Reason | undefined, role: Role, peer: string): string {
  const isCaller = role === 'caller';
  switch (reason) {
    case 'ring_slots_full': return isCaller ? `${peer} is being called by others already.` : 'Others were calling you already.';
    case 'device_busy_all': return isCaller ? `Every device of ${peer} is busy.` : 'All your devices were busy.';
    default: return isCaller ? `${peer} is busy.` : 'You were busy.';
  }
}

function unreachableText(reason: Reason | undefined, peer: string): string {
  if (reason === 'no_devices') return `${peer} is not online.`;
  if (reason === 'push_refused') return `${peer} has no device any more that could ring.`;
  return reason === 'push_unacked' ? `No device of ${peer} could be reached.` : `${peer} cannot be reached.`;
}

function cancelledText(reason: Reason | undefined, role: Role, peer: string): string {
  if (reason === 'by_api') return 'The service withdrew the call.';
  if (reason === 'caller_lost') return role === 'caller' ? 'The call was withdrawn because your connection was lost.' : `${peer} lost the connection.`;
  return role === 'caller' ? 'You cancelled the call.' : `${peer} cancelled the call.`;
}

function connectFailedText(reason: Reason | undefined, role: Role, peer: string): string {
  if (reason === 'permission') return 'The call could not connect: microphone or camera access was refused.';
  if (reason === 'ice_failed') return 'The call could not connect: the network let no sound or picture through.';
  const side = sideOf(reason, role);
  if (side === 'you') return 'The call could not connect: your microphone or camera could not be used.';
  if (side === 'them') return `The call could not connect: the microphone or camera of ${peer} could not be used.`;
  return reason === 'timeout' ? 'The call could not connect in time.' : 'The call could not connect.';
}

function droppedText(reason: Reason | undefined, role: Role, peer: string): string {
  if (reason === 'both_lost') return 'The call was dropped: both sides lost the connection.';
  if (reason === 'media_lost') return 'The call was dropped: sound and picture stopped.';
  const side = sideOf(reason, role);
  if (side === 'you') return 'The call was dropped: you lost the connection.';
  return side === 'them' ? `The call was dropped: ${peer} lost the connection.` : 'The call was dropped.';
}

const FAILED: Partial<Record<Reason, string>> = {
  no_such_user: 'There is nobody of that name.',
  not_allowed: 'This call is not allowed.',
  blocked: 'You cannot call this person.',
  rate_limited: 'Too many calls in a short time; wait a little and try again.',
  overloaded: 'The service is overloaded; try again in a while.',
  internal: 'The service had a fault; try again.',
  server_shutdown: 'The service is being restarted; try again in a minute.',
  server_unreachable: 'The call could not be placed: the service cannot be reached.',
};

const UNANSWERED: Partial<Record<Outcome, (peer: string) => string>> = {
  answered_elsewhere: () => 'You answered on another device.',
  declined_elsewhere: () => 'You declined on another device.',
  busy_elsewhere: () => 'Another device of yours was busy.',
  moved_elsewhere: () => 'The call goes on on another device of yours.',
  no_answer: (peer) => `${peer} did not answer.`,
  missed: (peer) => `You missed a call from ${peer}.`,
};

/** One sentence for a person about how a call ended. `role`: what this side was in it; `peer`: how to call the other side. */
export function outcomeText(outcome: Outcome, reason: Reason | undefined, role: Role, peer: string): string {
  switch (outcome) {
    case 'ended': return endedText(reason, role, peer);
    case 'declined': return declinedText(reason, role, peer);
    case 'busy': return busyText(reason, role, peer);
    case 'cancelled': return cancelledText(reason, role, peer);
    case 'connect_failed': return connectFailedText(reason, role, peer);
    case 'dropped': return droppedText(reason, role, peer);
    case 'failed': return (reason && FAILED[reason]) ?? 'The call failed.';
    case 'unreachable': return unreachableText(reason, peer);
    case 'lost_contact': return 'The connection to the service was lost.';
    case 'answered_elsewhere':
    case 'declined_elsewhere':
    case 'busy_elsewhere':
    case 'moved_elsewhere':
    case 'no_answer':
    case 'missed': return reason === 'by_dnd_rule' ? declinedText(reason, 'callee', peer) : UNANSWERED[outcome]!(peer);
  }
}
