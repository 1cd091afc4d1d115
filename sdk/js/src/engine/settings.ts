// The client's watchdogs (PROTOCOL.md section 8): defaults, ranges, and whether they fit the server's timers.
import type { ServerSettings } from '../protocol';

/**
 * Milliseconds, all optional. They act only when the server's word does not come.
 * `setup`, `ring` and `connect` are added to what remains of the server's deadline; the others are whole times.
 */
export interface Watchdogs {
  /** Invite not answered by the server. Default: `place_timeout` of the server, 10 000 before it is known. */
  place?: number;
  /** Calling, link lost, since last contact. Default and least: `caller_grace` + 2 000. */
  caller?: number;
  /** Calling, link up: after the remaining `setup`. Default 5 000. */
  setup?: number;
  /** Ringing, link up: after the remaining `ring` (else `setup`). Default 2 000. */
  ring?: number;
  /** Ringing, link lost, since last contact. Default 10 000; at least twice `heartbeat_live`. */
  ringContact?: number;
  /** Answer pressed. Default 10 000, or `connect_timeout` if that is shorter, which is its most. */
  answer?: number;
  /** Connecting: after the remaining `connect`. Default 2 000. */
  connect?: number;
  /** Active, link lost, since last contact. Default and least: `drop_grace`; at most 5 000 more. */
  call?: number;
  /** Hang-up pressed. Default 5 000. */
  end?: number;
  /** Rings by a push, and the server has not been heard yet. Default 8 000, 3 000 to 15 000. */
  wake?: number;
}

export type Limits = Required<Watchdogs>;

const MAX_WATCHDOG_MS = 3_600_000;
const CALLER_MARGIN_MS = 2_000;
const CALL_MARGIN_MS = 5_000;
const MIN_WAKE_MS = 3_000;
const MAX_WAKE_MS = 15_000;

/** How long each watchdog waits, with the server's timers in force. */
export function limitsOf(watchdogs: Watchdogs, server?: ServerSettings): Limits {
  return {
    place: watchdogs.place ?? server?.place_timeout_ms ?? 10_000,
    caller: watchdogs.caller ?? (server?.caller_grace_ms ?? 10_000) + CALLER_MARGIN_MS,
    setup: watchdogs.setup ?? 5_000,
    ring: watchdogs.ring ?? 2_000,
    ringContact: watchdogs.ringContact ?? 10_000,
    answer: watchdogs.answer ?? Math.min(10_000, server?.connect_timeout_ms ?? 10_000),
    connect: watchdogs.connect ?? 2_000,
    call: watchdogs.call ?? server?.drop_grace_ms ?? 20_000,
    end: watchdogs.end ?? 5_000,
    wake: watchdogs.wake ?? 8_000,
  };
}

/** What is wrong with the watchdogs by themselves: a sentence, or nothing. */
export function problemOf(watchdogs: Watchdogs): string | undefined {
  const known = Object.keys(limitsOf({}));
  for (const [name, value] of Object.entries(watchdogs) as [string, number | undefined][]) {
    if (!known.includes(name)) return `There is no watchdog "${name}"; there are: ${known.join(', ')}.`;
    if (value !== undefined && !(Number.isFinite(value) && value >= 0 && value <= MAX_WATCHDOG_MS)) {
      return `The watchdog ${name} is ${value}; it must be 0 to ${MAX_WATCHDOG_MS} milliseconds.`;
    }
  }
  const { wake } = limitsOf(watchdogs);
  return wake >= MIN_WAKE_MS && wake <= MAX_WAKE_MS ? undefined : `The watchdog wake is ${wake}; it must be ${MIN_WAKE_MS} to ${MAX_WAKE_MS} milliseconds.`;
}

/** A contradiction between the client's watchdogs and the server's timers: a sentence that names both, or nothing. */
export function contradictionOf(watchdogs: Watchdogs, server: ServerSettings): string | undefined {
  const limits = limitsOf(watchdogs, server);
  const least = (name: keyof Limits, value: number, rule: string): string | undefined =>
    limits[name] >= value ? undefined : `The watchdog ${name} is ${limits[name]} ms and must be at least ${rule} = ${value} ms.`;
  const most = (name: keyof Limits, value: number, rule: string): string | undefined =>
    limits[name] <= value ? undefined : `The watchdog ${name} is ${limits[name]} ms and must be at most ${rule} = ${value} ms.`;
  return least('caller', server.caller_grace_ms + CALLER_MARGIN_MS, `caller_grace_ms + ${CALLER_MARGIN_MS}`)
    ?? least('call', server.drop_grace_ms, 'drop_grace_ms')
    ?? most('call', server.drop_grace_ms + CALL_MARGIN_MS, `drop_grace_ms + ${CALL_MARGIN_MS}`)
    ?? least('ringContact', 2 * server.heartbeat_live_ms, '2 × heartbeat_live_ms')
    ?? most('answer', server.connect_timeout_ms, 'connect_timeout_ms');
}
