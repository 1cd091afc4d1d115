// What a push carries to the device (docs/push.md): as the server has made it, brought by whoever carries pushes.
import type { Media, Party } from '../protocol';

export interface PushPayload {
  type: 'call';
  call_id: string;
  project?: string;
  caller: Party;
  /** Who is called. */
  to: string;
  media: Media;
  group?: boolean;
  data?: string;
  /** The call is over by then unless somebody answers, by the server's clock; and how long that was when the push was sent. */
  expires_at_ms: number;
  remaining_ms: number;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isMoment = (value: unknown): boolean => Number.isSafeInteger(value);

/** Of an object, or of its JSON text, because some carriers take nothing but texts. Nothing if it is no payload of a call. */
export function payloadOf(given: unknown): PushPayload | undefined {
  const found = isText(given) ? parse(given) : given;
  if (typeof found !== 'object' || found === null) return undefined;
  const payload = found as PushPayload;
  const isCall = payload.type === 'call' && isText(payload.call_id) && isText(payload.to) && isText(payload.caller?.user);
  const isSound = isCall && ['none', 'audio', 'video'].includes(payload.media) && (payload.data === undefined || isText(payload.data));
  return isSound && isMoment(payload.expires_at_ms) && isMoment(payload.remaining_ms) ? payload : undefined;
}

/** Since it was sent, by the clock of this machine, which may be wrong: what is too old by it does not ring before the server has said so. */
export function ageOf({ expires_at_ms, remaining_ms }: PushPayload, wallMs: number): number {
  return wallMs - (expires_at_ms - remaining_ms);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
