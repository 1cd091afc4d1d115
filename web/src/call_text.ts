// What the screen says about a call, in words.
import { outcomeText, type Call, type HistoryRecord, type Media, type OffhookError } from '@offhook/client';
import { lengthText } from './format';

export const MEDIA_NAME: Record<Media, string> = { video: 'Video call', audio: 'Audio call', none: 'Call without sound or picture' };

export function endText(call: Call): string {
  return call.outcome ? outcomeText(call.outcome, call.reason, call.role, call.peer) : 'The call has ended.';
}

export function stateText(call: Call): string {
  if (call.leaving) return call.state === 'incoming' ? 'Declining…' : 'Hanging up…';
  if (call.answering) return 'Answering…';
  switch (call.state) {
    case 'calling': return 'Calling…';
    case 'ringing': return 'Ringing…';
    case 'incoming': return 'is calling you';
    case 'connecting': return 'Connecting…';
    case 'active': return call.media === 'none' ? 'Connected' : '';
    case 'ended': return endText(call);
  }
}

export function detailText(call: Call): string {
  switch (call.state) {
    case 'calling':
    case 'ringing':
    case 'incoming': return [MEDIA_NAME[call.media], call.peerDevice].filter(Boolean).join(' · ');
    case 'ended': return call.durationMs ? `It lasted ${lengthText(call.durationMs)}.` : '';
    case 'connecting': return call.media === 'none' ? 'without sound or picture' : '';
    case 'active': return activeDetailText(call);
  }
}

function activeDetailText(call: Call): string {
  if (call.media === 'none') return 'without sound or picture';
  if (call.peerHasAudio === false) return `${call.peer} is muted`;
  return call.media === 'video' && call.peerHasVideo === false ? `${call.peer}'s camera is off` : '';
}

/** The one thing that is wrong now; the own link comes first, because then nothing is known of the other side. */
export function warningText(call: Call, linkIsUp: boolean, mediaProblem: string | undefined): string {
  if (call.state === 'ended' || call.leaving) return '';
  if (!linkIsUp) return 'Your connection is interrupted. Reconnecting…';
  if (call.peerUnstable) return `${call.peer}'s connection is unstable…`;
  return mediaProblem ?? '';
}

/** Why there is no sound or picture of one's own; the call may go on being set up. */
export function mediaProblemText(error: OffhookError): string {
  if (error.word === 'permission') return 'The browser was not allowed to use the microphone or the camera.';
  return error.word === 'device' ? 'The microphone or the camera cannot be used: is it plugged in, or in use elsewhere?' : error.message;
}

export function recordText(record: HistoryRecord): string {
  return outcomeText(record.yourOutcome, record.reason, record.direction === 'outgoing' ? 'caller' : 'callee', record.peer);
}
