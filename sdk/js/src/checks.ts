// What the application gives for a call, checked before anything happens.
import type { CallOptions, CallSettings, GroupOptions } from './api';
import { OffhookError } from './errors';
import { byteLength, MAX_GROUP_USERS, MAX_INVITE_DATA_BYTES, MAX_USER_BYTES, MIN_GROUP_USERS, type CallTimers } from './protocol';

/** Milliseconds, as in PROTOCOL.md section 6. */
const RANGES = {
  ringTimeoutMs: [1_000, 180_000], wakeTimeoutMs: [1_000, 60_000], connectTimeoutMs: [5_000, 60_000], dropGraceMs: [3_000, 120_000],
  maxDurationMs: [60_000, 86_400_000],
} as const;

export function refuse(message: string): never {
  throw new OffhookError('bad_option', message);
}

export function checkUsers(users: string[]): void {
  for (const user of users) if (user === '' || byteLength(user) > MAX_USER_BYTES) refuse(`A user is named by 1 to ${MAX_USER_BYTES} bytes.`);
}

export function checkGroup(users: string[], { mode, ownerLeaves = 'end' }: GroupOptions): void {
  if (users.length < MIN_GROUP_USERS || users.length > MAX_GROUP_USERS) refuse(`A group has ${MIN_GROUP_USERS} to ${MAX_GROUP_USERS} users.`);
  if (new Set(users).size < users.length) refuse('A group names each user once.');
  if (!['first_answer', 'all_join'].includes(mode)) refuse(`The mode is "${mode}"; it must be first_answer or all_join.`);
  if (!['end', 'stay'].includes(ownerLeaves)) refuse(`The ownerLeaves is "${ownerLeaves}"; it must be end or stay.`);
}

export function checkCall(options: CallOptions): void {
  const { media, data, declinePolicy = 'first_decline' } = options;
  if (!['none', 'audio', 'video'].includes(media)) refuse(`The media is "${media}"; it must be none, audio or video.`);
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [least, most] = RANGES[name];
    const ms = options[name];
    if (ms !== undefined && !(Number.isSafeInteger(ms) && ms >= least && ms <= most)) refuse(`The ${name} is ${ms}; it must be ${least} to ${most}.`);
  }
  if (!['first_decline', 'all_devices'].includes(declinePolicy)) {
    refuse(`The declinePolicy is "${declinePolicy}"; it must be first_decline or all_devices.`);
  }
  if (data !== undefined && byteLength(data) > MAX_INVITE_DATA_BYTES) refuse(`The data of a call may have ${MAX_INVITE_DATA_BYTES} bytes.`);
}

export function timersOf(settings: CallSettings): CallTimers {
  return {
    ring_timeout_ms: settings.ringTimeoutMs, wake_timeout_ms: settings.wakeTimeoutMs, connect_timeout_ms: settings.connectTimeoutMs,
    drop_grace_ms: settings.dropGraceMs, max_duration_ms: settings.maxDurationMs, decline_policy: settings.declinePolicy,
    wait_full_ring: settings.waitFullRing,
  };
}
