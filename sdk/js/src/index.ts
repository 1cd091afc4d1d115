// Everything an application uses.
export { OffhookClient } from './client';
export { Call } from './call';
export { ElsewhereCall } from './elsewhere';
export { Participant } from './media/participant';
export { Session } from './session';
export { ConnectionMissed, OffhookError, type MissReason } from './errors';
export { outcomeText, type Outcome, type Reason, type Role } from './outcomes';
export type {
  CallEvents, CallOptions, CallSettings, CallState, ClientEvents, ClientOptions, ClientState, Connection, GroupMode, GroupOptions, HistoryRecord,
  JournalStorage, LeaveReason, Leg, Media, PushAddress, PushPayload, Rules, SessionEvents, SignalEvent, Stream, StreamReason, UnseenOutcome, Watchdogs, WebSocketLike,
} from './api';
