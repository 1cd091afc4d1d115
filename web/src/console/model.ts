// What the REST interface says (docs/openapi.yaml), as far as the console shows it.

export interface Project { key: string; name: string; disabled: boolean }

export interface Leg { user: string; state: string; outcome?: string; reason?: string }

export interface Call {
  call_id: string; caller: string; callee: string; media: string; phase: 'inviting' | 'connecting' | 'active' | 'ended';
  outcome?: string; reason?: string; created_at_ms: number; answered_at_ms?: number; ended_at_ms?: number; duration_ms: number;
  group_mode?: string; legs?: Leg[];
}

export interface Entry {
  at_ms: number; after_ms: number; kind: string; text: string; user?: string; device?: string; command?: string; phase?: string; you?: string;
  outcome?: string; reason?: string; timer?: string; due_at_ms?: number;
}

export interface TimeLine { call: Call; why: string; last_good: string; advice?: string; entries: Entry[] }

export interface Device { device_id: string; name?: string; online: boolean; in_call: boolean }
export interface User { user: string; online: boolean; devices: Device[]; live_calls: string[] }

export interface LiveSession { session_id: string; calls: string[]; connections: number; streams: number }
export interface Connection { connection_id: string; user?: string; data?: string; created_at_ms: number }
export interface Stream { stream_id: string; connection_id: string; name?: string; has_audio: boolean; has_video: boolean }
export interface SessionView { session_id: string; connections: Connection[]; streams: Stream[] }

export interface Webhook { name: string; url?: string; state: string; pending: number; dead: number; dropped: number }
export interface WebhookEvent {
  number: number; webhook: string; event_id: string; type: string; about: string; created_at_ms: number; state: 'waiting' | 'due' | 'dead';
  due_at_ms?: number; attempts: number; problem?: string;
}

export interface Ended { outcome: string; reason?: string; calls: number }
export interface ServerStatus {
  version: string; dev: boolean; state: 'ready' | 'draining' | 'behind' | 'overloaded'; started_at_ms: number; time_at_ms: number;
  now: Record<string, number>; since_start: Record<string, number>; ended: Ended[];
}

export type Setting = string | number | boolean;
export interface ProjectSettings {
  timers: Record<string, number>; calls: Record<string, string>; limits: Record<string, number>; clients_create_sessions: boolean; presence: boolean;
  refuse_unknown_users: boolean; ice_servers: { urls: string[]; has_credential: boolean }[];
  webhooks: { name: string; url: string; dialect: string; events: string[] }[];
}

export const OUTCOMES = ['ended', 'declined', 'busy', 'no_answer', 'unreachable', 'cancelled', 'connect_failed', 'dropped', 'failed'];
export const GOOD = 'ended';
export const BAD = ['connect_failed', 'dropped', 'failed', 'unreachable'];
