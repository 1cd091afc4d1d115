// Numbers, times and words as people read them.
import { BAD, GOOD, type Call } from './model';

/** 950 → "950 ms", 1 500 → "1.5 s", 83 000 → "1 min 23 s", 93 600 000 → "1 d 2 h". */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  const units: [string, number][] = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1_000]];
  const first = units.findIndex(([, size]) => ms >= size);
  const [unit, size] = units[first]!;
  const [lesser, lesserSize] = units[first + 1] ?? ['ms', 1];
  const whole = Math.floor(ms / size);
  const rest = Math.floor((ms - whole * size) / lesserSize);
  return rest > 0 ? `${whole} ${unit} ${rest} ${lesser}` : `${whole} ${unit}`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** power).toFixed(power ? 1 : 0))} ${units[power]}`;
}

export const numberText = (value: number): string => value.toLocaleString('en-GB');

/** The time of day with seconds; before today the day as well. */
export function momentText(atMs: number): string {
  const moment = new Date(atMs);
  const time = moment.toLocaleTimeString('en-GB');
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? time : `${moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}

export const plain = (word: string): string => word.replaceAll('_', ' ');

export function toneOf(outcome: string | undefined): string {
  if (outcome === undefined) return 'live';
  if (outcome === GOOD) return 'good';
  return BAD.includes(outcome) ? 'bad' : 'warn';
}

export function stateText(call: Call): string {
  if (call.phase === 'inviting') return 'rings';
  if (call.phase !== 'ended') return call.phase === 'active' ? 'they talk' : 'connecting';
  return plain(call.outcome ?? 'ended');
}

export const calledText = (call: Call): string => call.legs ? call.legs.map(({ user }) => user).join(', ') : call.callee;

/** How long they talked, or since when they do. */
export function talkedText(call: Call): string {
  if (call.duration_ms) return durationText(call.duration_ms);
  return call.phase === 'active' && call.answered_at_ms ? `since ${momentText(call.answered_at_ms)}` : '–';
}
