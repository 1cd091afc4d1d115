// What a snapshot says of this device.
import type { Outcome, Reason } from '../outcomes';
import type { Leg, Snapshot } from '../protocol';

/** How it ended for this device; nothing if it has not. In a group the call itself may go on. */
export function endOf(snapshot: Snapshot): { outcome: Outcome; reason?: Reason } | undefined {
  const outcome = snapshot.device_outcome ?? (snapshot.phase === 'ended' ? snapshot.outcome ?? 'failed' : undefined);
  if (outcome === undefined) return undefined;
  // Of a group the reason is that of the call, which need not be why this user's part ended.
  const own = snapshot.role === 'callee' ? ownLeg(snapshot) : undefined;
  return { outcome, reason: own?.state === 'ended' && own.outcome === outcome ? own.reason : snapshot.reason };
}

export const ranHere = (snapshot: Snapshot): boolean => ['calling', 'joined', 'winner'].includes(snapshot.you);

/** This device is in the conversation, or about to take it over (PROTOCOL.md section 6.6). */
export const isInHere = (snapshot: Snapshot): boolean => ['winner', 'joined', 'moving'].includes(snapshot.you);

/** This device of a callee is to ring; in a group others may be talking already. */
export const ringsHere = (snapshot: Snapshot): boolean => snapshot.role === 'callee' && ['notified', 'ringing'].includes(snapshot.you);

/** The user has not answered yet, or nobody has. */
export const isUnanswered = (snapshot: Snapshot): boolean =>
  snapshot.phase === 'inviting' || (snapshot.role === 'callee' && ['notified', 'ringing', 'ignored'].includes(snapshot.you));

/** Whether media runs for this side: in a group one may still be connecting while the others talk. */
export function isActiveHere(snapshot: Snapshot): boolean {
  if (snapshot.phase !== 'active' || snapshot.you === 'moving') return false;
  const own = snapshot.role === 'callee' ? ownLeg(snapshot) : undefined;
  return own === undefined || own.state === 'joined';
}

/** To a callee `callee` is the own leg. */
const ownLeg = (snapshot: Snapshot): Leg | undefined => snapshot.legs?.find(({ user }) => user === snapshot.callee.user);
