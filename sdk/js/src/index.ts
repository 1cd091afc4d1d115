// Everything an application uses.
import type { Emitter } from './emitter';
import type { OffhookError } from './errors';
import type { Outcome, Reason, Role } from './outcomes';

export { ConnectionMissed, OffhookError, type MissReason } from './errors';
export { outcomeText, type Outcome, type Reason, type Role } from './outcomes';

export type Media = 'none' | 'audio' | 'video';
export type ClientState = 'idle' | 'connecting' | 'online' | 'offline' | 'closed';
export type CallState = 'calling' | 'ringing' | 'incoming' | 'connecting' | 'active' | 'ended';
export type LeaveReason = 'clientDisconnected' | 'networkDisconnected' | 'forceDisconnected' | 'callEnded';

export interface Watchdogs {
  place?: number; caller?: number; setup?: number; ring?: number; ringContact?: number; answer?: number; connect?: number; call?: number; end?: number;
}
export interface WebSocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}
export interface ClientOptions {
  url: string;
  token?: string;
  getToken?: () => string | Promise<string>;
  deviceId?: string;
  deviceName?: string;
  watchdogs?: Watchdogs;
  WebSocket?: new (url: string) => WebSocketLike;
}
export interface CallOptions { media: Media; ringTimeoutMs?: number; data?: string }
export interface HistoryRecord {
  callId: string; direction: 'outgoing' | 'incoming'; peer: string; media: Media; createdAtMs: number; answeredAtMs?: number; endedAtMs: number;
  outcome: Outcome; reason?: Reason; yourOutcome: Outcome; durationMs: number;
}
export interface Connection { connectionId: string; user?: string; data?: string; createdAtMs: number }
export interface Stream { streamId: string; connectionId: string; name?: string; hasAudio: boolean; hasVideo: boolean; createdAtMs: number }
export interface SignalEvent { type: string; data: string; from: Connection }

export interface ClientEvents {
  online: []; offline: []; closed: [error?: OffhookError]; incoming: [call: Call]; presence: [change: { user: string; online: boolean }];
  draining: [event: { remainingMs: number }]; error: [error: OffhookError];
}
export interface CallEvents {
  ringing: [call: Call]; connecting: [call: Call]; active: [call: Call]; peerUnstable: [call: Call]; peerStable: [call: Call]; ended: [call: Call];
  change: [call: Call]; localStream: [stream: MediaStream]; remoteStream: [stream: MediaStream]; mediaError: [error: OffhookError];
}
export interface SessionEvents {
  sessionConnected: [event: { connections: Connection[]; streams: Stream[] }];
  sessionDisconnected: [event: { reason: LeaveReason }];
  connectionCreated: [event: { connection: Connection }];
  connectionDestroyed: [event: { connection: Connection; reason: LeaveReason }];
  streamCreated: [event: { stream: Stream }];
  streamPropertyChanged: [event: { stream: Stream; changedProperty: 'hasAudio' | 'hasVideo'; oldValue: boolean; newValue: boolean }];
  streamDestroyed: [event: { stream: Stream; reason: LeaveReason | 'unpublished' }];
  signal: [event: SignalEvent];
  [signal: `signal:${string}`]: [event: SignalEvent];
}

export declare class OffhookClient extends Emitter<ClientEvents> {
  constructor(options: ClientOptions);
  readonly state: ClientState;
  readonly user: string | undefined;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  call(to: string, options: CallOptions): Call;
  watchPresence(): Promise<string[]>;
  history(options?: { limit?: number; before?: string }): Promise<HistoryRecord[]>;
  createSession(): Promise<{ sessionId: string; token: string }>;
  session(id: string, token?: string): Session;
  reject(token: string): Promise<void>;
}
export declare class Call extends Emitter<CallEvents> {
  readonly id: string | undefined;
  readonly role: Role;
  readonly peer: string;
  readonly peerDevice: string | undefined;
  readonly media: Media;
  readonly data: string | undefined;
  readonly state: CallState;
  readonly peerUnstable: boolean;
  readonly outcome: Outcome | undefined;
  readonly reason: Reason | undefined;
  readonly durationMs: number | undefined;
  readonly localStream: MediaStream | undefined;
  readonly remoteStream: MediaStream | undefined;
  readonly muted: boolean;
  readonly cameraOff: boolean;
  answer(): void;
  decline(): void;
  busy(): void;
  cancel(): void;
  hangup(): void;
  ignore(): void;
  setMuted(muted: boolean): void;
  setCameraOff(off: boolean): void;
}
export declare class Session extends Emitter<SessionEvents> {
  readonly sessionId: string;
  readonly connected: boolean;
  readonly connection: Connection | undefined;
  readonly connections: Connection[];
  readonly streams: Stream[];
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  signal(signal: { type: string; data?: string; to?: string | Connection }): Promise<void>;
  publish(stream: { name?: string; hasAudio: boolean; hasVideo: boolean }): Promise<Stream>;
  updateStream(streamId: string, change: { hasAudio?: boolean; hasVideo?: boolean }): Promise<Stream>;
  unpublish(streamId: string): Promise<void>;
  expectConnection(options?: { timeout?: number; userId?: string; data?: string }): Promise<Connection>;
}
