// What goes into the engine and what comes out of it.
import type { MissReason } from '../errors';
import type { Outcome, Reason, Role } from '../outcomes';
import type {
  CallTimers, ClientMessage, CommandBody, Group, IceServer, LeaveWord, Leg, Media, MediaFailure, Reply, ServerMessage, SessionEvent,
  Undecoded, WireConnection, WireElsewhere, WireRecord, WireStream, PushAddress,
} from '../protocol';
import type { PushPayload } from './push_payload';
import type { EndedEntry } from './journal';
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
  /** Where this device is woken. */
  push?: PushAddress;
}

export type CallAction =
  | { do: 'answer' | 'decline' | 'busy' | 'cancel' | 'hangup' | 'ignore' | 'media_up' | 'media_down' }
  | { do: 'media_failed'; reason: MediaFailure };

/** A socket is named by the number that `openSocket` gave it; inputs about an older one are passed over. */
export type Input =
  | { type: 'connect' }
  | { type: 'disconnect' }
  /** `journal`: what an earlier process has kept, with the first socket of this one (and of each other user). */
  | { type: 'opened'; link: number; token: string; journal?: string }
  | { type: 'received'; link: number; message: ServerMessage | Undecoded }
  | { type: 'closed'; link: number; code?: number }
  /** The machine woke up, the page is visible again, or the network has changed: see at once whether the link is alive. */
  | { type: 'wake' }
  | ({ type: 'call'; handle: string; media: Media; timers?: CallTimers; data?: string } & ({ to: string } | { group: Group }))
  /** Takes a call over from another device of this user. */
  | { type: 'move'; handle: string; call: WireElsewhere }
  /**
   * A push has arrived; `age_ms`: since it was sent, as far as the clock of this machine knows. `journal` as in `opened`. `pushed` answers with
   * the same number.
   */
  | { type: 'push'; request: number; payload: PushPayload; age_ms: number; journal?: string }
  /** The application knows how this call ended, or how all did. */
  | { type: 'seen'; callId?: string }
  | { type: 'act'; handle: string; action: CallAction }
  /** A command of the application; `done`, `failed`, `expectation_met` or `connection_missed` answers with the same number. */
  | { type: 'request'; request: number; body: CommandBody };

export type Output =
  | { type: 'openSocket'; link: number }
  | { type: 'closeSocket'; link: number; code: number; reason: string }
  | { type: 'send'; link: number; message: ClientMessage }
  /** What must outlive the process, before anything that follows is carried out. */
  | { type: 'keep'; text: string }
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
  /** This device was in another call when it was told of this one. */
  isSecond?: boolean;
  groupMode?: Group['mode'];
  /** Of a group: the users who are called, the caller apart. */
  legs?: Leg[];
  /** Who is not heard at present. */
  unstable?: string[];
}

export type CallEventName =
  | 'calling' | 'incoming' | 'outgoing' | 'ringing' | 'connecting' | 'active' | 'peer_unstable' | 'peer_stable' | 'legs';

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
  /** The calls of this user at other devices, whole. */
  | { name: 'elsewhere'; calls: WireElsewhere[] }
  /** How calls ended of which the application has not been told, whole. */
  | { name: 'unseen'; outcomes: EndedEntry[] }
  | { name: CallEventName; call: CallView }
  /** Exactly one for each `calling`, `incoming` or `outgoing`, and for each call that never got so far. */
  | { name: 'ended'; call: CallView; outcome: Outcome; reason?: Reason; duration_ms: number }
  | SessionNews
  /** Without `handle` there is nothing to be shown for it (yet). */
  | { name: 'pushed'; request: number; handle?: string }
  | { name: 'done'; request: number; reply: Reply }
  | { name: 'failed'; request: number; problem: Problem }
  | { name: 'expectation_met'; request: number; connection: WireConnection }
  | { name: 'connection_missed'; request: number; reason: MissReason };
