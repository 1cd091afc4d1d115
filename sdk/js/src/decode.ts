// JSON text → messages of the server. Every field is checked; what a newer server may add (fields, events, words in optional
// fields) is passed over (PROTOCOL.md section 13).
import type {
  Description, IceServer, LeaveWord, Leg, Party, Remaining, Reply, Rules, ServerEvent, ServerMessage, ServerSettings, Snapshot, Welcome,
  WireConnection, WireElsewhere, WireRecord, WireStream,
} from './protocol';
import type { Outcome, Reason } from './outcomes';

/** A message this version cannot use. Its `seq` still counts, and whoever waits for `cmd_id` must not wait for ever. */
export interface Undecoded { type: 'undecoded'; problem: string; seq?: number; cmd_id?: string }

class BadField extends Error {}

// --- readers: each turns a value of JSON into a checked one, or throws BadField with the path

type Read<T> = (value: unknown, path: string) => T;
type OptionalRead<T> = { optional: (value: unknown, path: string) => T | undefined };
type Fields<T> = {
  [K in keyof T]-?: undefined extends T[K] ? OptionalRead<Exclude<T[K], undefined>> : Read<T[K]>;
};

const fail = (path: string, what: string): never => { throw new BadField(`The field "${path}" ${what}.`); };

const text: Read<string> = (value, path) => (typeof value === 'string' ? value : fail(path, 'must be a text'));
const flag: Read<boolean> = (value, path) => (typeof value === 'boolean' ? value : fail(path, 'must be true or false'));
const integer: Read<number> = (value, path) =>
  (Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : fail(path, 'must be a whole number, not below 0'));

function word<T extends string>(...words: T[]): Read<T> {
  return (value, path) => (words.includes(value as T) ? value as T : fail(path, `must be one of ${words.join(', ')}`));
}

function list<T>(read: Read<T>, max: number): Read<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max) return fail(path, `must be a list of at most ${max}`);
    return value.map((item, index) => read(item, `${path}[${index}]`));
  };
}

const optional = <T>(read: Read<T>): OptionalRead<T> => ({ optional: read });

/** A word that may be one this version does not know: as if the field were absent. */
function optionalWord<T extends string>(...words: T[]): OptionalRead<T> {
  const read = word(...words);
  return { optional: (value, path) => (typeof value === 'string' && !words.includes(value as T) ? undefined : read(value, path)) };
}

function object<T>(fields: Fields<T>): Read<T> {
  const entries = Object.entries(fields) as [string, Read<unknown> | OptionalRead<unknown>][];
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path || 'message', 'must be an object');
    const from = value as Record<string, unknown>;
    const to: Record<string, unknown> = {};
    for (const [name, read] of entries) {
      const found = from[name];
      const inner = path ? `${path}.${name}` : name;
      // A null is as good as absent: many JSON libraries write optional fields so.
      const isAbsent = found === undefined || found === null;
      if (typeof read === 'function') {
        to[name] = isAbsent ? fail(inner, 'is missing') : read(found, inner);
      } else if (!isAbsent) {
        const given = read.optional(found, inner);
        if (given !== undefined) to[name] = given;
      }
    }
    return to as T;
  };
}

// --- parts

const MEDIA = word('none', 'audio', 'video');
const OUTCOMES: Outcome[] = [
  'ended', 'declined', 'busy', 'no_answer', 'unreachable', 'cancelled', 'connect_failed', 'dropped', 'failed', 'answered_elsewhere',
  'declined_elsewhere', 'busy_elsewhere', 'missed', 'lost_contact', 'moved_elsewhere',
];
const REASONS: Reason[] = [
  'by_caller', 'by_callee', 'by_api', 'max_duration', 'by_user', 'in_call', 'ring_slots_full', 'device_busy_all', 'no_devices',
  'push_unacked', 'caller_lost', 'callee_lost', 'both_lost', 'media_lost', 'timeout', 'ice_failed', 'caller_media', 'callee_media',
  'permission', 'no_such_user', 'not_allowed', 'rate_limited', 'overloaded', 'internal', 'server_shutdown', 'server_unreachable', 'by_dnd_rule', 'blocked', 'alone', 'all_left',
  'push_refused',
];
const MAX_LIST = 4_096;  // far above every documented number; keeps a bad server from filling memory

const party = object<Party>({ user: text, device: optional(text) });
const remaining = object<Remaining>({
  setup: optional(integer), wake: optional(integer), ring: optional(integer), connect: optional(integer), max: optional(integer),
  grace: optional(integer), move: optional(integer), alone: optional(integer),
});
const leg = object<Leg>({
  user: text, state: word('invited', 'ringing', 'connecting', 'joined', 'ended'), outcome: optionalWord(...OUTCOMES),
  reason: optionalWord(...REASONS),
});
const snapshot = object<Snapshot>({
  call_id: text, version: integer, phase: word('inviting', 'connecting', 'active', 'ended'), ringing: flag,
  role: word('caller', 'callee'),
  you: word('calling', 'notified', 'ringing', 'winner', 'elsewhere', 'declined', 'busy', 'joined', 'bystander', 'done',
    'ignored', 'moving'),
  caller: party, callee: party, media: MEDIA, data: optional(text), session_id: optional(text), peer_unstable: flag,
  created_at_ms: integer, answered_at_ms: optional(integer), deadlines_remaining_ms: remaining,
  outcome: optionalWord(...OUTCOMES), reason: optionalWord(...REASONS), device_outcome: optionalWord(...OUTCOMES),
  duration_ms: optional(integer), second_call: optional(flag), merged: optional(flag), drop_grace_ms: optional(integer),
  group_mode: optionalWord('first_answer', 'all_join'), legs: optional(list(leg, MAX_LIST)),
  unstable: optional(list(text, MAX_LIST)),
  push_pending: optional(flag),
});
const connection = object<WireConnection>({
  connection_id: text, user: optional(text), data: optional(text), created_at_ms: integer,
});
const stream = object<WireStream>({
  stream_id: text, connection_id: text, name: optional(text), has_audio: flag, has_video: flag, video_type: optionalWord('camera', 'screen', 'custom'), created_at_ms: integer,
});
const description = object<Description>({ type: word('offer', 'answer', 'pranswer', 'rollback'), sdp: text });
const iceServer = object<IceServer>({ urls: list(text, MAX_LIST), username: optional(text), credential: optional(text) });
const settings = object<ServerSettings>({
  place_timeout_ms: integer, wake_timeout_ms: integer, ring_timeout_ms: integer, setup_timeout_ms: integer, caller_grace_ms: integer,
  connect_timeout_ms: integer, unstable_after_ms: integer, drop_grace_ms: integer, max_duration_ms: integer,
  heartbeat_idle_ms: integer, heartbeat_live_ms: integer, resume_window_ms: integer, expect_timeout_ms: integer,
});
// An outcome this version does not know is still an end that was not a good one.
const outcome: Read<Outcome> = (value, path) => (OUTCOMES.includes(text(value, path) as Outcome) ? value as Outcome : 'failed');
const record = object<WireRecord>({
  call_id: text, direction: word('outgoing', 'incoming'), peer: text, media: MEDIA, created_at_ms: integer,
  answered_at_ms: optional(integer), ended_at_ms: integer, outcome, reason: optionalWord(...REASONS),
  your_outcome: outcome, duration_ms: integer, legs: optional(list(leg, MAX_LIST)),
});
const elsewhere = object<WireElsewhere>({
  call_id: text, role: word('caller', 'callee'), peer: text, device: optional(text), media: MEDIA, answered_at_ms: integer, group: optional(flag),
});
const rules = object<Rules>({
  call_waiting: optionalWord('off', 'ring_other_devices', 'ring_all'), max_parallel_rings: optional(integer), do_not_disturb: optional(flag),
  blocked: optional(list(text, MAX_LIST)),
});
// A reason this version does not know still means "gone"; the mildest word stands for it.
const leaveReason: Read<LeaveWord> = (value, path) => {
  const known: string[] = ['client_disconnected', 'network_disconnected', 'force_disconnected', 'call_ended', 'unpublished', 'force_unpublished'];
  return known.includes(text(value, path)) ? value as LeaveWord : 'network_disconnected';
};

// --- messages

const welcome = object<Omit<Welcome, 'type'>>({
  version: integer, server: text, client_id: text, resume_key: text, resumed: flag, user: text, device_id: text, time_at_ms: integer,
  heartbeat_ms: integer, settings, ice_servers: list(iceServer, MAX_LIST), calls: list(snapshot, MAX_LIST),
  sessions: optional(list(text, MAX_LIST)), push: optional(flag),
});
const reply = object<Omit<Reply, 'type'>>({
  cmd_id: text, call: optional(snapshot), records: optional(list(record, MAX_LIST)), session_id: optional(text),
  token: optional(text), connection: optional(connection), connections: optional(list(connection, MAX_LIST)),
  streams: optional(list(stream, MAX_LIST)), stream: optional(stream), expectation_id: optional(text),
  remaining_ms: optional(integer), users: optional(list(text, MAX_LIST)), rules: optional(rules),
});
const inSession = { seq: integer, session_id: text };
type Body<Type extends ServerEvent['type']> = Omit<Extract<ServerEvent, { type: Type }>, 'type'>;
type Readers = { [Type in ServerEvent['type']]: Read<Body<Type>> };
const streamEvent = object<Body<'stream_created'>>({ ...inSession, stream });
const events: Readers = {
  call: object<Body<'call'>>({ seq: integer, call: snapshot }),
  connection_created: object<Body<'connection_created'>>({ ...inSession, connection }),
  connection_destroyed: object<Body<'connection_destroyed'>>({ ...inSession, connection_id: text, reason: leaveReason }),
  session_disconnected: object<Body<'session_disconnected'>>({ ...inSession, reason: leaveReason }),
  stream_created: streamEvent,
  stream_updated: streamEvent,
  stream_destroyed: object<Body<'stream_destroyed'>>({ ...inSession, stream_id: text, reason: leaveReason }),
  signal: object<Body<'signal'>>({ ...inSession, from: optional(text), signal_type: text, data: text }),
  mute_forced: object<Body<'mute_forced'>>({ ...inSession, stream_id: text }),
  negotiation: object<Body<'negotiation'>>({
    ...inSession, from: text, description: optional(description), candidate: optional(text),
  }),
  expectation_met: object<Body<'expectation_met'>>({ ...inSession, expectation_id: text, connection }),
  connection_missed: object<Body<'connection_missed'>>({
    ...inSession, expectation_id: text, reason: word('timeout', 'rejected', 'expecter_left'),
  }),
  presence: object<Body<'presence'>>({ seq: integer, user: text, online: flag }),
  missed: object<Body<'missed'>>({ seq: integer, record }),
  elsewhere: object<Body<'elsewhere'>>({ seq: integer, calls: list(elsewhere, MAX_LIST) }),
  draining: object<Body<'draining'>>({ seq: integer, remaining_ms: integer }),
};
const readers: Record<string, Read<object>> = {
  ...events, welcome, reply,
  ping: object<{ period_ms: number }>({ period_ms: integer }),
  pong: object<object>({}),
  error: object<{ cmd_id?: string; error: string; message: string; fatal?: boolean; retry_after_ms?: number }>({
    cmd_id: optional(text), error: text, message: text, fatal: optional(flag), retry_after_ms: optional(integer),
  }),
};

function undecoded(problem: string, value?: Record<string, unknown>): Undecoded {
  const found: Undecoded = { type: 'undecoded', problem };
  if (Number.isSafeInteger(value?.seq)) found.seq = value!.seq as number;
  if (typeof value?.cmd_id === 'string') found.cmd_id = value.cmd_id;
  return found;
}

function parse(message: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

/** Never throws: a text that is no message of the server becomes an `undecoded` with the reason. */
export function decode(message: string): ServerMessage | Undecoded {
  const value = parse(message);
  if (value === undefined || typeof value.type !== 'string') return undecoded('This is no JSON object with a "type".');
  const read = Object.hasOwn(readers, value.type) ? readers[value.type] : undefined;
  if (read === undefined) return undecoded(`There is no message of type "${value.type.slice(0, 64)}".`, value);
  try {
    return { type: value.type, ...read(value, '') } as ServerMessage;
  } catch (error) {
    if (error instanceof BadField) return undecoded(error.message, value);
    throw error;
  }
}
