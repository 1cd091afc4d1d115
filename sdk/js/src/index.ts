// Everything an application uses.
export { OffhookClient } from './client';
export { Call } from './call';
export { Session } from './session';
export { ConnectionMissed, OffhookError, type MissReason } from './errors';
export { outcomeText, type Outcome, type Reason, type Role } from './outcomes';
export type {
  CallEvents, CallOptions, CallState, ClientEvents, ClientOptions, ClientState, Connection, HistoryRecord, LeaveReason, Media,
  SessionEvents, SignalEvent, Stream, Watchdogs, WebSocketLike,
} from './api';
