// Every message of the client protocol (PROTOCOL.md), version 1. Names equal the JSON names; `_ms` are whole milliseconds, `_at_ms`
// milliseconds since the Unix epoch by the server's clock. An optional field without a value is left out.
import type { MissReason } from './errors';
import type { Outcome, Reason, Role } from './outcomes';

export { decode, type Undecoded } from './decode';

export const PROTOCOL_VERSION = 1;

// Limits of section 12 that a client can break.
export const MAX_FRAME_BYTES = 65_536;
export const MAX_USER_BYTES = 128;
export const MAX_INVITE_DATA_BYTES = 1_000;
export const MAX_HELLO_CALLS = 16;
export const MIN_EXPECT_TIMEOUT_MS = 1_000;
export const MAX_EXPECT_TIMEOUT_MS = 3_600_000;
export const MAX_GROUP_USERS = 16;
export const MIN_GROUP_USERS = 2;
/** Events a client may leave unacknowledged before it must say `ack`. */
export const ACK_EVERY = 64;

export type Media = 'none' | 'audio' | 'video';
export type Phase = 'inviting' | 'connecting' | 'active' | 'ended';
export type DeviceState =
  | 'calling' | 'notified' | 'ringing' | 'winner' | 'elsewhere' | 'declined' | 'busy' | 'joined' | 'bystander' | 'done'
  | 'ignored' | 'moving';
export type LeaveWord = 'client_disconnected' | 'network_disconnected' | 'force_disconnected' | 'call_ended' | 'unpublished'
  | 'force_unpublished';
export type MediaFailure = 'ice_failed' | 'permission' | 'device';

// --- parts

/** Where a device is reached while it has no socket. */
export interface PushAddress { provider: 'apns_voip' | 'fcm' | 'web' | 'custom'; token: string }
export interface Party { user: string; device?: string }
export interface Remaining {
  setup?: number; wake?: number; ring?: number; connect?: number; max?: number; grace?: number; move?: number; alone?: number;
}
/** What an invite may set for its call alone (section 6). */
export interface CallTimers {
  ring_timeout_ms?: number;
  wake_timeout_ms?: number;
  connect_timeout_ms?: number;
  drop_grace_ms?: number;
  max_duration_ms?: number;
  decline_policy?: 'first_decline' | 'all_devices';
  wait_full_ring?: boolean;
}
export interface Group { users: string[]; mode: 'first_answer' | 'all_join'; owner_leaves?: 'end' | 'stay' }
/** One user of a group call. */
export interface Leg { user: string; state: 'invited' | 'ringing' | 'connecting' | 'joined' | 'ended'; outcome?: Outcome; reason?: Reason }
/** How a user wants to be called (section 6.7). A field that is left out has its default. */
export interface Rules {
  call_waiting?: 'off' | 'ring_other_devices' | 'ring_all';
  max_parallel_rings?: number;
  do_not_disturb?: boolean;
  blocked?: string[];
}

export interface Snapshot {
  call_id: string;
  version: number;
  phase: Phase;
  ringing: boolean;
  role: Role;
  you: DeviceState;
  caller: Party;
  callee: Party;
  media: Media;
  data?: string;
  session_id?: string;
  peer_unstable: boolean;
  created_at_ms: number;
  answered_at_ms?: number;
  deadlines_remaining_ms: Remaining;
  outcome?: Outcome;
  reason?: Reason;
  device_outcome?: Outcome;
  duration_ms?: number;
  second_call?: boolean;
  merged?: boolean;
  drop_grace_ms?: number;
  group_mode?: 'first_answer' | 'all_join';
  legs?: Leg[];
  unstable?: string[];
  push_pending?: boolean;
}

export interface WireConnection { connection_id: string; user?: string; data?: string; created_at_ms: number }
export type VideoType = 'camera' | 'screen' | 'custom';
export interface WireStream {
  stream_id: string;
  connection_id: string;
  name?: string;
  has_audio: boolean;
  has_video: boolean;
  video_type?: VideoType;
  created_at_ms: number;
}
export interface Description { type: 'offer' | 'answer' | 'pranswer' | 'rollback'; sdp: string }
export interface IceServer { urls: string[]; username?: string; credential?: string }

export interface WireRecord {
  call_id: string;
  direction: 'outgoing' | 'incoming';
  peer: string;
  media: Media;
  created_at_ms: number;
  answered_at_ms?: number;
  ended_at_ms: number;
  outcome: Outcome;
  reason?: Reason;
  your_outcome: Outcome;
  duration_ms: number;
  legs?: Leg[];
}

/** `welcome.settings`: the server's timers. */
export interface ServerSettings {
  place_timeout_ms: number;
  wake_timeout_ms: number;
  ring_timeout_ms: number;
  setup_timeout_ms: number;
  caller_grace_ms: number;
  connect_timeout_ms: number;
  unstable_after_ms: number;
  drop_grace_ms: number;
  max_duration_ms: number;
  heartbeat_idle_ms: number;
  heartbeat_live_ms: number;
  resume_window_ms: number;
  expect_timeout_ms: number;
}

// --- client to server

export interface Hello {
  type: 'hello';
  version: number;
  token: string;
  device_id: string;
  client?: string;
  resume?: { client_id: string; resume_key: string; last_seq: number };
  calls?: string[];
  push?: PushAddress;
}

/** A command as the application or the engine means it; the engine adds `cmd_id` when it is sent. */
export type CommandBody =
  | ({ type: 'invite'; to?: string; group?: Group; media: Media; data?: string } & CallTimers)
  | { type: 'ring_ack'; call_id: string; busy?: boolean }
  | { type: 'answer' | 'cancel' | 'hangup' | 'ignore' | 'move_here' | 'media_up' | 'media_down' | 'get_call'; call_id: string }
  | { type: 'decline'; call_id: string; reason: 'declined' | 'busy' }
  | { type: 'give_up'; call_id: string; watchdog: string }
  | { type: 'media_failed'; call_id: string; reason: MediaFailure }
  | { type: 'ring_more'; call_id: string; users: string[] }
  | { type: 'get_rules' }
  | { type: 'set_rules'; rules: Rules }
  | { type: 'set_push'; push?: PushAddress }
  | { type: 'history'; limit?: number; before?: string }
  | { type: 'session_create' | 'watch_presence' }
  | { type: 'session_connect'; session_id: string; token?: string }
  | { type: 'session_disconnect'; session_id: string }
  | { type: 'signal'; session_id: string; signal_type: string; data: string; to?: string }
  | { type: 'publish'; session_id: string; name?: string; has_audio: boolean; has_video: boolean; video_type?: VideoType }
  | { type: 'update_stream'; session_id: string; stream_id: string; has_audio?: boolean; has_video?: boolean }
  | { type: 'unpublish'; session_id: string; stream_id: string }
  | { type: 'negotiate'; session_id: string; to: string; description?: Description; candidate?: string }
  | { type: 'expect'; session_id: string; timeout_ms?: number; user?: string; data?: string }
  | { type: 'session_reject'; token: string }
  | { type: 'force_disconnect'; session_id: string; connection_id: string }
  | { type: 'force_unpublish'; session_id: string; stream_id: string }
  | { type: 'force_mute'; session_id: string; stream_id?: string; except?: string[]; active?: boolean };
export type Command = CommandBody & { cmd_id: string };

export type ClientMessage =
  | Hello | { type: 'ping' } | { type: 'pong'; seq?: number } | { type: 'ack'; seq: number } | { type: 'bye' } | Command;

/** The text of a message. Fields that are undefined are left out. */
export function encode(message: ClientMessage): string {
  return JSON.stringify(message);
}

/** The size of a text on the wire. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

// --- server to client

export interface Welcome {
  type: 'welcome';
  version: number;
  server: string;
  client_id: string;
  resume_key: string;
  resumed: boolean;
  user: string;
  device_id: string;
  time_at_ms: number;
  heartbeat_ms: number;
  settings: ServerSettings;
  ice_servers: IceServer[];
  calls: Snapshot[];
  sessions?: string[];
  push?: boolean;
}

/** A reply has the fields of its command (sections 6, 9 and 10). */
export interface Reply {
  type: 'reply';
  cmd_id: string;
  call?: Snapshot;
  records?: WireRecord[];
  session_id?: string;
  token?: string;
  connection?: WireConnection;
  connections?: WireConnection[];
  streams?: WireStream[];
  stream?: WireStream;
  expectation_id?: string;
  remaining_ms?: number;
  users?: string[];
  rules?: Rules;
}

export interface ErrorMessage { type: 'error'; cmd_id?: string; error: string; message: string; fatal?: boolean; retry_after_ms?: number }

export interface CallEvent { type: 'call'; seq: number; call: Snapshot }
export type SessionEvent = { seq: number; session_id: string } & (
  | { type: 'connection_created'; connection: WireConnection }
  | { type: 'connection_destroyed'; connection_id: string; reason: LeaveWord }
  | { type: 'session_disconnected'; reason: LeaveWord }
  | { type: 'stream_created'; stream: WireStream }
  | { type: 'stream_updated'; stream: WireStream }
  | { type: 'stream_destroyed'; stream_id: string; reason: LeaveWord }
  | { type: 'signal'; from?: string; signal_type: string; data: string }
  | { type: 'mute_forced'; stream_id: string }
  | { type: 'negotiation'; from: string; description?: Description; candidate?: string }
  | { type: 'expectation_met'; expectation_id: string; connection: WireConnection }
  | { type: 'connection_missed'; expectation_id: string; reason: MissReason }
);
export interface PresenceEvent { type: 'presence'; seq: number; user: string; online: boolean }
export interface DrainingEvent { type: 'draining'; seq: number; remaining_ms: number }
/** A call this user missed and this device does not know of. */
export interface MissedEvent { type: 'missed'; seq: number; record: WireRecord }
/** An answered call that another device of this user is in. */
export interface WireElsewhere {
  call_id: string; role: Role; peer: string; device?: string; media: Media; answered_at_ms: number; group?: boolean;
}
export interface ElsewhereEvent { type: 'elsewhere'; seq: number; calls: WireElsewhere[] }
export type ServerEvent = MissedEvent | ElsewhereEvent | CallEvent | SessionEvent | PresenceEvent | DrainingEvent;

export type ServerMessage =
  | Welcome | { type: 'ping'; period_ms: number } | { type: 'pong' } | Reply | ErrorMessage | ServerEvent;
