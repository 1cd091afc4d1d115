// Where each event of a call's time line goes in the picture: a lane for each device, one for the server, one for webhooks; along
// them time, with long waits made short. Pure: no elements here.
import type { Call, Entry, WebhookEvent } from './model';

export interface Lane { key: string; title: string; detail: string; side: 'caller' | 'server' | 'callee' | 'webhooks' }
export type Mark = 'says' | 'told' | 'link' | 'server' | 'decides' | 'webhook';
export interface Spot { x: number; lane: number; mark: Mark; atMs: number; entry: Entry }
export interface Span { from: number; to: number; lane: number; kind: 'rings' | 'lost' | 'inviting' | 'connecting' | 'active' }
export interface Tick { x: number; text: string }
export interface Break { x: number; text: string }
export interface Picture { lanes: Lane[]; spots: Spot[]; spans: Span[]; ticks: Tick[]; breaks: Break[]; width: number; deciding: number | undefined }

const FIRST_X = 28, STEP = 20, STRETCH = 34, TICK_GAP = 64;
const LONG_WAIT_MS = 4_000;
const OF_SERVER = ['armed', 'fired', 'decided', 'restarted', 'ended', 'left_out'];
const SAID = ['placed', 'command', 'joined', 'left'];

export const SERVER = 'server', WEBHOOKS = 'webhooks';
const keyOf = (entry: Entry) => JSON.stringify([entry.user ?? '', entry.device ?? '']);

/** A deadline of somebody's is the server's all the same. */
export const isOfServer = (entry: Entry): boolean => OF_SERVER.includes(entry.kind) || !entry.user;

function laneKey(entry: Entry): string { return isOfServer(entry) ? SERVER : keyOf(entry); }

/** Caller's devices, the server, the devices of those who were called, webhooks: each in the order in which it appears. */
function lanesOf(call: Call, entries: Entry[]): Lane[] {
  const found = new Map<string, Lane>();
  for (const entry of entries) {
    const key = laneKey(entry);
    if (key === SERVER || found.has(key)) continue;
    const side = entry.user === call.caller ? 'caller' : 'callee';
    found.set(key, { key, title: entry.user ?? '', detail: entry.device ?? 'no device', side });
  }
  // A user without a device has a lane only where there is none with one.
  const hasDevice = new Set([...found.values()].filter(({ detail }) => detail !== 'no device').map(({ title }) => title));
  const devices = [...found.values()].filter(({ title, detail }) => detail !== 'no device' || !hasDevice.has(title));
  const server: Lane = { key: SERVER, title: 'Server', detail: 'decides', side: 'server' };
  const webhooks: Lane = { key: WEBHOOKS, title: 'Webhooks', detail: 'not delivered', side: 'webhooks' };
  const of = (side: Lane['side']) => devices.filter((lane) => lane.side === side);
  return [...of('caller'), server, ...of('callee'), webhooks];
}

function markOf(entry: Entry): Mark {
  if (entry.kind === 'webhook') return 'webhook';
  if (entry.kind === 'lost' || entry.kind === 'back') return 'link';
  if (OF_SERVER.includes(entry.kind)) return 'server';
  return SAID.includes(entry.kind) ? 'says' : 'told';
}

const asEntry = (call: Call, event: WebhookEvent): Entry => ({
  at_ms: event.created_at_ms, after_ms: event.created_at_ms - call.created_at_ms, kind: 'webhook',
  text: `webhook ${event.webhook}: ${event.type} is ${event.state === 'dead' ? 'given up' : event.state}` +
    `${event.attempts ? ` after ${event.attempts} ${event.attempts === 1 ? 'attempt' : 'attempts'}` : ''}${event.problem ? ` (${event.problem})` : ''}`,
});

/** The last decision about the whole call; in a call that goes on there is none. */
function decidingOf(spots: Spot[]): number | undefined {
  const whole = spots.map(({ entry }) => entry.kind === 'decided' && !entry.user).lastIndexOf(true);
  return whole >= 0 ? whole : undefined;
}

function place(entries: Entry[], laneOf: (entry: Entry) => number): { spots: Spot[]; breaks: Break[] } {
  const spots: Spot[] = [], breaks: Break[] = [];
  let x = FIRST_X;
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    const wait = before ? Math.max(entry.at_ms - before.at_ms, 0) : 0;
    const gap = before ? STEP + STRETCH * Math.log10(1 + wait / 100) : 0;
    if (wait >= LONG_WAIT_MS) breaks.push({ x: x + gap / 2, text: `${Math.round(wait / 1000)} s` });
    x += gap;
    spots.push({ x, lane: laneOf(entry), mark: markOf(entry), atMs: entry.at_ms, entry });
  }
  return { spots, breaks };
}

/** The x of a moment between events. */
function xAt(spots: Spot[], atMs: number): number {
  const next = spots.findIndex((spot) => spot.atMs >= atMs);
  if (next < 0) return spots.at(-1)?.x ?? FIRST_X;
  const before = spots[Math.max(next - 1, 0)]!, after = spots[next]!;
  const share = after.atMs > before.atMs ? (atMs - before.atMs) / (after.atMs - before.atMs) : 1;
  return before.x + Math.max(share, 0) * (after.x - before.x);
}

/** From each beginning to the first end behind it in the same lane, or to the end of the picture. */
function spansBetween(spots: Spot[], kind: Span['kind'], begins: (entry: Entry) => boolean, ends: (entry: Entry) => boolean): Span[] {
  return spots.flatMap((spot, index) => {
    if (!begins(spot.entry)) return [];
    const end = spots.slice(index + 1).find((later) => later.lane === spot.lane && ends(later.entry)) ?? spots.at(-1)!;
    return [{ from: spot.x, to: end.x, lane: spot.lane, kind }];
  });
}

function phasesOf(call: Call, spots: Spot[], lane: number): Span[] {
  const end = spots.at(-1)?.x ?? FIRST_X;
  const at = (moment: number | undefined) => moment === undefined ? end : xAt(spots, moment);
  const endedAt = at(call.ended_at_ms);
  const answered = call.answered_at_ms === undefined ? endedAt : at(call.answered_at_ms);
  const hasTalked = call.phase === 'active' || call.duration_ms > 0;
  const talks = !hasTalked ? endedAt : call.ended_at_ms ? at(call.ended_at_ms - call.duration_ms) : xAtActive(spots) ?? answered;
  const spans: Span[] = [
    { from: at(call.created_at_ms), to: answered, lane, kind: 'inviting' },
    { from: answered, to: talks, lane, kind: 'connecting' },
    { from: talks, to: endedAt, lane, kind: 'active' },
  ];
  return spans.filter(({ from, to }) => to > from);
}

const xAtActive = (spots: Spot[]) => spots.find(({ entry }) => entry.kind === 'told' && entry.phase === 'active')?.x;

function ticksOf(spots: Spot[]): Tick[] {
  const ticks: Tick[] = [];
  for (const { x, entry } of spots) {
    const last = ticks.at(-1);
    if (last && x - last.x < TICK_GAP) continue;
    const text = entry.after_ms < 1000 ? `${entry.after_ms} ms` : `${(entry.after_ms / 1000).toFixed(1)} s`;
    if (text !== last?.text) ticks.push({ x, text });
  }
  return ticks;
}

export function layOut(call: Call, entries: Entry[], webhooks: WebhookEvent[]): Picture {
  const all = [...entries, ...webhooks.map((event) => asEntry(call, event))];
  const order = all.map((entry, index) => ({ entry, index })).sort((a, b) => a.entry.at_ms - b.entry.at_ms || a.index - b.index);
  const sorted = order.map(({ entry }) => entry);
  const lanes = lanesOf(call, entries);
  const index = new Map(lanes.map(({ key }, number) => [key, number]));
  const ofUser = (user: string | undefined) => lanes.findIndex(({ title, side }) => side !== 'server' && side !== 'webhooks' && title === user);
  const laneOf = (entry: Entry) => {
    if (entry.kind === 'webhook') return index.get(WEBHOOKS)!;
    return index.get(laneKey(entry)) ?? (ofUser(entry.user) >= 0 ? ofUser(entry.user) : index.get(SERVER)!);
  };
  const { spots, breaks } = place(sorted, laneOf);
  const deciding = decidingOf(spots);
  if (deciding !== undefined) spots[deciding]!.mark = 'decides';
  const isOver = (entry: Entry) => entry.outcome !== undefined || entry.phase === 'ended' || entry.phase === 'connecting' || entry.command === 'answer';
  const spans = [
    ...phasesOf(call, spots, index.get(SERVER)!),
    ...spansBetween(spots, 'rings', ({ command }) => command === 'ring_ack', isOver),
    ...spansBetween(spots, 'lost', ({ kind }) => kind === 'lost', ({ kind }) => kind === 'back'),
  ];
  return { lanes, spots, spans, breaks, ticks: ticksOf(spots), width: (spots.at(-1)?.x ?? FIRST_X) + FIRST_X + 34, deciding };
}
