// What goes into the engine and what comes out of it.
import type { MissReason } from '../errors';
import type { Outcome, Reason, Role } from '../outcomes';
import type {
  ClientMessage, CommandBody, IceServer, LeaveWord, Media, MediaFailure, Reply, ServerMessage, SessionEvent, Undecoded, WireConnection,
  WireRecord, WireStream,
} from '../protocol';
import type { Watchdogs } from './settings';

export interface EngineOptions {
  /** Names this installation, stable over restarts: 1–64 of `A–Z a–z 0–9 . _ -`. */
  deviceId: string;
  /** `hello.client`: for the server's log, at most 64 bytes. */
  client: string;
  /** Begins every cmd_id; must differ each time the same device starts anew, because the server remembers ids per device. */
  commandPrefix: string;
  /** 0 ≤ random() < 1; spreads reconnects. */
  random: () => number;
  /** After `token_expired` the next attempt may bring another token. */
  canRenewToken: boolean;
  watchdogs?: Watchdogs;
}

export type CallAction =
  | { do: 'answer' | 'decline' | 'busy' | 'cancel' | 'hangup' | 'ignore' | 'media_up' | 'media_down' }
  | { do: 'media_failed'; reason: MediaFailure };

/** A socket is named by the number that `openSocket` gave it; inputs about an older one are passed over. */
export type Input =
  | { type: 'connect' }
  | { type: 'disconnect' }
  | { type: 'opened'; link: number; token: string }
  | { type: 'received'; link: number; message: ServerMessage | Undecoded }
  | { type: 'closed'; link: number; code?: number }
  /** The machine woke up, the page is visible again, or the network has changed: see at once whether the link is alive. */
  | { type: 'wake' }
  | { type: 'call'; handle: string; to: string; media: Media; ringTimeoutMs?: number; data?: string }
  | { type: 'act'; handle: string; action: CallAction }
  /** A command of the application; `done`, `failed`, `expectation_met` or `connection_missed` answers with the same number. */
  | { type: 'request'; request: number; body: CommandBody };

export type Output =
  | { type: 'openSocket'; link: number }
  | { type: 'closeSocket'; link: number; code: number; reason: string }
  | { type: 'send'; link: number; message: ClientMessage }
  | { type: 'event'; event: EngineEvent };

export interface Problem { word: string; message: string }

/** What the application sees of a call. `handle` names it before it has an id. */
export interface CallView {
  handle: string;
  callId?: string;
  role: Role;
  peer: string;
  peerDevice?: string;
  media: Media;
  data?: string;
}

export type CallEventName = 'calling' | 'incoming' | 'ringing' | 'connecting' | 'active' | 'peer_unstable' | 'peer_stable';

/** `handle` is there when the session is the one under a call. */
export type SessionNews = { handle?: string } & (
  | { name: 'session_connected'; session_id: string; connection: WireConnection; connections: WireConnection[]; streams: WireStream[] }
  | { name: 'session_disconnected'; session_id: string; reason: LeaveWord }
  | { name: 'session_event'; event: SessionEvent }
);

export type EngineEvent =
  | { name: 'online'; user: string; iceServers: IceServer[] }
  | { name: 'offline' }
  | { name: 'closed'; problem?: Problem }
  | { name: 'error'; problem: Problem }
  | { name: 'presence'; user: string; online: boolean }
  | { name: 'draining'; remaining_ms: number }
  /** A call that this device did not know of: it was offline, or did not ring. */
  | { name: 'missed'; record: WireRecord }
  | { name: CallEventName; call: CallView }
  /** Exactly one for each `calling` or `incoming`, and for each call that never got so far. */
  | { name: 'ended'; call: CallView; outcome: Outcome; reason?: Reason; duration_ms: number }
  | SessionNews
  | { name: 'done'; request: number; reply: Reply }
  | { name: 'failed'; request: number; problem: Problem }
  | { name: 'expectation_met'; request: number; connection: WireConnection }
  | { name: 'connection_missed'; request: number; reason: MissReason };
