// The words of the API: options, plain data, and the events with what their listeners get.
import type { Call } from './call';
import type { Watchdogs } from './engine/settings';
import type { OffhookError } from './errors';
import type { Outcome, Reason } from './outcomes';
import type { LeaveWord, WireConnection, WireRecord, WireStream } from './protocol';

export type { Watchdogs } from './engine/settings';

/** What a call carries. `none`: no media of its own; the call is active as soon as both devices are in its session. */
export type Media = 'none' | 'audio' | 'video';

/** `idle`: never connected. `offline`: was online, reconnecting by itself. `closed`: for good, until `connect` is called again. */
export type ClientState = 'idle' | 'connecting' | 'online' | 'offline' | 'closed';
export type CallState = 'calling' | 'ringing' | 'incoming' | 'connecting' | 'active' | 'ended';
export type LeaveReason = 'clientDisconnected' | 'networkDisconnected' | 'forceDisconnected' | 'callEnded';

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
  /** Needed in Node only: the class `WebSocket` of the npm package `ws`. */
  WebSocket?: new (url: string) => WebSocketLike;
}

export interface CallOptions {
  media: Media;
  /** Cap on the whole ringing, 1 000 to 180 000. Default: the server's. */
  ringTimeoutMs?: number;
  /** Shown to the callee, at most 1 000 bytes. */
  data?: string;
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
}

/** One client in a session. */
export interface Connection { connectionId: string; user?: string; data?: string; createdAtMs: number }
/** What a connection publishes. */
export interface Stream { streamId: string; connectionId: string; name?: string; hasAudio: boolean; hasVideo: boolean; createdAtMs: number }
export interface SignalEvent { type: string; data: string; from: Connection }

export interface ClientEvents {
  online: [];
  offline: [];
  /** For good; with the error if it was not `disconnect`. */
  closed: [error?: OffhookError];
  incoming: [call: Call];
  presence: [change: { user: string; online: boolean }];
  /** The server will stop; new calls are refused. */
  draining: [event: { remainingMs: number }];
  /** A call that this user missed and this device did not know of; told once to each device. */
  missed: [record: HistoryRecord];
  /** Nothing the application must do anything about; for its log. */
  error: [error: OffhookError];
}

export interface CallEvents {
  /** A device of the callee rings. */
  ringing: [call: Call];
  connecting: [call: Call];
  active: [call: Call];
  /** The other side is not heard at present; it may come back. */
  peerUnstable: [call: Call];
  peerStable: [call: Call];
  /** Exactly once, and the last one. */
  ended: [call: Call];
  /** Anything to be shown has changed; also after each of the above. */
  change: [call: Call];
  localStream: [stream: MediaStream];
  remoteStream: [stream: MediaStream];
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
  streamDestroyed: [event: { stream: Stream; reason: LeaveReason | 'unpublished' }];
  signal: [event: SignalEvent];
  /** Only the signals of one type. */
  [signal: `signal:${string}`]: [event: SignalEvent];
}

// --- from the words of the wire

const LEAVE_REASONS: Record<LeaveWord, LeaveReason | 'unpublished'> = {
  client_disconnected: 'clientDisconnected', network_disconnected: 'networkDisconnected', force_disconnected: 'forceDisconnected',
  call_ended: 'callEnded', unpublished: 'unpublished',
};

export const streamReasonOf = (word: LeaveWord): LeaveReason | 'unpublished' => LEAVE_REASONS[word];

export function leaveReasonOf(word: LeaveWord): LeaveReason {
  const reason = LEAVE_REASONS[word];
  return reason === 'unpublished' ? 'clientDisconnected' : reason;
}

export function connectionOf(wire: WireConnection): Connection {
  return { connectionId: wire.connection_id, user: wire.user, data: wire.data, createdAtMs: wire.created_at_ms };
}

export function streamOf(wire: WireStream): Stream {
  return {
    streamId: wire.stream_id, connectionId: wire.connection_id, name: wire.name, hasAudio: wire.has_audio, hasVideo: wire.has_video,
    createdAtMs: wire.created_at_ms,
  };
}

export function recordOf(wire: WireRecord): HistoryRecord {
  return {
    callId: wire.call_id, direction: wire.direction, peer: wire.peer, media: wire.media, createdAtMs: wire.created_at_ms,
    answeredAtMs: wire.answered_at_ms, endedAtMs: wire.ended_at_ms, outcome: wire.outcome, reason: wire.reason,
    yourOutcome: wire.your_outcome, durationMs: wire.duration_ms,
  };
}
