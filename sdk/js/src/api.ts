// The words of the API: options, plain data, and the events with what their listeners get.
import type { Call } from './call';
import type { Watchdogs } from './engine/settings';
import type { OffhookError } from './errors';
import type { Outcome, Reason } from './outcomes';
import type { EndedEntry } from './engine/journal';
import type { Leg, LeaveWord, PushAddress, Rules as WireRules, VideoType, WireConnection, WireRecord, WireStream } from './protocol';
import type { ElsewhereCall } from './elsewhere';
import type { Participant } from './media/participant';
import type { JournalStorage } from './storage';
import type { Role } from './outcomes';

export type { Watchdogs } from './engine/settings';
export type { JournalStorage } from './storage';
export type { Leg, PushAddress } from './protocol';
export type { PushPayload } from './engine/push_payload';

/** What a call carries. `none`: no media of its own; the call is active as soon as both devices are in its session. */
export type Media = 'none' | 'audio' | 'video';

/** `idle`: never connected. `offline`: was online, reconnecting by itself. `closed`: for good, until `connect` is called again. */
export type ClientState = 'idle' | 'connecting' | 'online' | 'offline' | 'closed';
export type CallState = 'calling' | 'ringing' | 'incoming' | 'connecting' | 'active' | 'ended';
export type LeaveReason = 'clientDisconnected' | 'networkDisconnected' | 'forceDisconnected' | 'callEnded';
/** Why a stream is gone. */
export type StreamReason = LeaveReason | 'unpublished' | 'forceUnpublished';

/** What the library needs of a WebSocket; the browser's and that of the npm package `ws` have it. */
export interface WebSocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface ClientOptions {
  /** The server's socket, e.g. `wss://calls.example.org/v1/client`. */
  url: string;
  /** A token from your backend; or `getToken`, asked anew at each connecting, so that a token may expire. One of the two. */
  token?: string;
  getToken?: () => string | Promise<string>;
  /** Names this installation, stable over restarts. Left out: made once and kept in `localStorage` where there is one. */
  deviceId?: string;
  /** For the server's log; what people see is the claim `device` of the token. */
  deviceName?: string;
  /** How long to wait when the server's word does not come (README). They must fit the server's timers. */
  watchdogs?: Watchdogs;
  /** Where this device remembers its calls over restarts. Left out: `localStorage` in a browser, elsewhere only while the process lives. */
  storage?: JournalStorage;
  /** Where this device is woken while it has no link (docs/push.md). Left out: as the server knows it; `setPush` changes it. */
  push?: PushAddress;
  /** Needed in Node only: the class `WebSocket` of the npm package `ws`. */
  WebSocket?: new (url: string) => WebSocketLike;
}

/** All for this call alone, in milliseconds; what is left out is as the server has it. */
export interface CallSettings {
  /** Cap on the whole ringing, 1 000 to 180 000. */
  ringTimeoutMs?: number;
  /** Without any device that rings, 1 000 to 60 000. */
  wakeTimeoutMs?: number;
  /** From the answer to media both ways, 5 000 to 60 000. */
  connectTimeoutMs?: number;
  /** How long a side may be lost in the call, 3 000 to 120 000. */
  dropGraceMs?: number;
  /** Of the call, 60 000 to 86 400 000. */
  maxDurationMs?: number;
  /** Whether the first device that declines ends the ringing of all, or the last. */
  declinePolicy?: 'first_decline' | 'all_devices';
  /** Without any device that rings wait for the whole time of ringing: it may come online. */
  waitFullRing?: boolean;
}

export interface CallOptions extends CallSettings {
  media: Media;
  /** Shown to the callee, at most 1 000 bytes. */
  data?: string;
}

export type GroupMode = 'first_answer' | 'all_join';

export interface GroupOptions extends CallOptions {
  /** `first_answer`: a call with whoever answers first. `all_join`: everybody may come in. */
  mode: GroupMode;
  /** What becomes of an `all_join` call whose caller leaves. Default `end`. */
  ownerLeaves?: 'end' | 'stay';
}

/** How a user wants to be called (PROTOCOL.md section 6.7). */
export interface Rules {
  /** When somebody calls during a call: refuse, ring the other devices, or ring all. */
  callWaiting: 'off' | 'ring_other_devices' | 'ring_all';
  /** So many calls ring at once, 1 to 5. */
  maxParallelRings: number;
  doNotDisturb: boolean;
  /** At most 100 users whose calls end at once. */
  blocked: string[];
}

/** How a call of this device ended of which the application was not told: the page or process was gone. */
export interface UnseenOutcome {
  callId: string;
  role: Role;
  peer: string;
  media: Media;
  outcome: Outcome;
  reason?: Reason;
  /** By the server's clock. */
  atMs: number;
}

export interface HistoryRecord {
  callId: string;
  direction: 'outgoing' | 'incoming';
  peer: string;
  media: Media;
  createdAtMs: number;
  answeredAtMs?: number;
  endedAtMs: number;
  /** What became of the call. */
  outcome: Outcome;
  reason?: Reason;
  /** What this user should see, e.g. `missed`. */
  yourOutcome: Outcome;
  durationMs: number;
  /** Of a group. */
  legs?: Leg[];
}

/** One client in a session. */
export interface Connection { connectionId: string; user?: string; data?: string; createdAtMs: number }
/** What a connection publishes. */
export interface Stream { streamId: string; connectionId: string; name?: string; hasAudio: boolean; hasVideo: boolean; videoType: VideoType; createdAtMs: number }
/** Without `from` it comes from the app's backend. */
export interface SignalEvent { type: string; data: string; from?: Connection }

export interface ClientEvents {
  online: [];
  offline: [];
  /** For good; with the error if it was not `disconnect`. */
  closed: [error?: OffhookError];
  incoming: [call: Call];
  /** Placed by the app's backend in the name of this user, at this device: as if `call()` had made it. Without a listener it is cancelled. */
  outgoing: [call: Call];
  presence: [change: { user: string; online: boolean }];
  /** The server will stop; new calls are refused. */
  draining: [event: { remainingMs: number }];
  /** A call that this user missed and this device did not know of; told once to each device. */
  missed: [record: HistoryRecord];
  /** The calls of this user at other devices that can be taken over here; whole, at each change. */
  liveElsewhere: [calls: ElsewhereCall[]];
  /** What `unseenOutcomes` gives is not what it was. */
  unseenOutcomes: [outcomes: UnseenOutcome[]];
  /** Nothing the application must do anything about; for its log. */
  error: [error: OffhookError];
}

export interface CallEvents {
  /** A device of the callee rings. */
  ringing: [call: Call];
  connecting: [call: Call];
  active: [call: Call];
  /** The other side is not heard at present; it may come back. In a group again whenever `unstablePeers` are others. */
  peerUnstable: [call: Call];
  peerStable: [call: Call];
  /** Exactly once, and the last one. */
  ended: [call: Call];
  /** Anything to be shown has changed; also after each of the above. */
  change: [call: Call];
  localStream: [stream: MediaStream];
  remoteStream: [stream: MediaStream];
  /** Of a group: what is known of the users called has changed. */
  legsChanged: [call: Call];
  /** Somebody's sound or picture has come into the call, has got another stream or other flags, or has gone. */
  participantJoined: [participant: Participant];
  participantChanged: [participant: Participant];
  participantLeft: [participant: Participant];
  mediaError: [error: OffhookError];
}

export interface SessionEvents {
  /** Again, with new connection ids, if the server had to forget this client: publish your streams at each one. */
  sessionConnected: [event: { connections: Connection[]; streams: Stream[] }];
  sessionDisconnected: [event: { reason: LeaveReason }];
  connectionCreated: [event: { connection: Connection }];
  connectionDestroyed: [event: { connection: Connection; reason: LeaveReason }];
  streamCreated: [event: { stream: Stream }];
  streamPropertyChanged: [event: { stream: Stream; changedProperty: 'hasAudio' | 'hasVideo'; oldValue: boolean; newValue: boolean }];
  /** Also of an own stream that a moderator has taken away (`forceUnpublished`). */
  streamDestroyed: [event: { stream: Stream; reason: StreamReason }];
  /** The sound of this stream of the own ones has been switched off by a moderator or the app's backend: send none. */
  muteForced: [event: { stream: Stream }];
  signal: [event: SignalEvent];
  /** Only the signals of one type. */
  [signal: `signal:${string}`]: [event: SignalEvent];
}

// --- from the words of the wire

const LEAVE_REASONS: Record<LeaveWord, StreamReason> = {
  client_disconnected: 'clientDisconnected', network_disconnected: 'networkDisconnected', force_disconnected: 'forceDisconnected',
  call_ended: 'callEnded', unpublished: 'unpublished', force_unpublished: 'forceUnpublished',
};

export const streamReasonOf = (word: LeaveWord): StreamReason => LEAVE_REASONS[word];

export function leaveReasonOf(word: LeaveWord): LeaveReason {
  const reason = LEAVE_REASONS[word];
  return reason === 'unpublished' || reason === 'forceUnpublished' ? 'clientDisconnected' : reason;
}

export function connectionOf(wire: WireConnection): Connection {
  return { connectionId: wire.connection_id, user: wire.user, data: wire.data, createdAtMs: wire.created_at_ms };
}

export function streamOf(wire: WireStream): Stream {
  return {
    streamId: wire.stream_id, connectionId: wire.connection_id, name: wire.name, hasAudio: wire.has_audio, hasVideo: wire.has_video,
    videoType: wire.video_type ?? 'camera', createdAtMs: wire.created_at_ms,
  };
}

export function recordOf(wire: WireRecord): HistoryRecord {
  return {
    callId: wire.call_id, direction: wire.direction, peer: wire.peer, media: wire.media, createdAtMs: wire.created_at_ms,
    answeredAtMs: wire.answered_at_ms, endedAtMs: wire.ended_at_ms, outcome: wire.outcome, reason: wire.reason,
    yourOutcome: wire.your_outcome, durationMs: wire.duration_ms, ...(wire.legs && { legs: wire.legs }),
  };
}

export function rulesOf(wire: WireRules | undefined): Rules {
  return {
    callWaiting: wire?.call_waiting ?? 'ring_all', maxParallelRings: wire?.max_parallel_rings ?? 2,
    doNotDisturb: wire?.do_not_disturb ?? false, blocked: wire?.blocked ?? [],
  };
}

export function wireRulesOf(rules: Partial<Rules>): WireRules {
  return {
    call_waiting: rules.callWaiting, max_parallel_rings: rules.maxParallelRings, do_not_disturb: rules.doNotDisturb, blocked: rules.blocked,
  };
}

export function unseenOf({ call_id, role, peer, media, outcome, reason, at_ms }: EndedEntry): UnseenOutcome {
  return { callId: call_id, role, peer, media, outcome, reason, atMs: at_ms };
}
