// How the server is at a glance, how calls have ended since its start, and the calls that go on.
import { callsTable, fetchLive } from './calls';
import type { Ended, ServerStatus } from './model';
import { empty, make, panel } from './parts';
import type { Tools, View } from './view';
import { bytesText, durationText, numberText, plain, toneOf } from './words';

const MOST_ENDS = 12;

/** The mean of what has been added between two looks, in microseconds; nothing if nothing was added. */
function meanText(now: Record<string, number>, before: Record<string, number> | undefined, count: string, sum: string): string {
  const times = (now[count] ?? 0) - (before?.[count] ?? 0);
  if (times <= 0) return '–';
  const us = ((now[sum] ?? 0) - (before?.[sum] ?? 0)) / times;
  return us < 1_000 ? `${Math.round(us)} µs` : durationText(us / 1_000);
}

function cpuText(status: ServerStatus, before: ServerStatus | undefined): string {
  if (!before || before.started_at_ms !== status.started_at_ms || status.time_at_ms <= before.time_at_ms) return '…';
  const share = ((status.since_start.cpu_ms ?? 0) - (before.since_start.cpu_ms ?? 0)) / (status.time_at_ms - before.time_at_ms);
  return `${Math.max(Math.round(share * 100), 0)} %`;
}

function figuresOf(status: ServerStatus, before: ServerStatus | undefined): [string, string, string][] {
  const { now, since_start: since } = status;
  const earlier = before?.started_at_ms === status.started_at_ms ? before.since_start : undefined;
  const count = (name: string) => numberText(now[name] ?? 0);
  return [
    ['Live calls', count('live_calls'), `${numberText(since.calls_created ?? 0)} since the start`],
    ['Devices', count('clients'), `${count('users')} users`],
    ['Sessions', count('sessions'), 'those of calls among them'],
    ['Processor', cpuText(status, before), 'of one core'],
    ['Memory', bytesText(now.resident_bytes ?? 0), `${count('sockets')} sockets`],
    ['Until durable', meanText(since, earlier, 'commits', 'commits_us'), `${count('store_pending')} records wait`],
    ['Deadlines late by', meanText(since, earlier, 'alarms', 'alarms_late_us'), 'on average'],
    ['Problems', numberText(since.problems ?? 0), 'told in the log'],
  ];
}

function endsOf(ended: Ended[]): HTMLElement {
  if (ended.length === 0) return empty('No call has ended since the start of the server.');
  const sorted = [...ended].sort((a, b) => b.calls - a.calls);
  const most = sorted[0]!.calls;
  return make('ul', 'bars', ...sorted.slice(0, MOST_ENDS).map(({ outcome, reason, calls }) => {
    const bar = make('progress', toneOf(outcome));
    bar.max = most;
    bar.value = calls;
    bar.setAttribute('aria-hidden', 'true');
    return make('li', '', make('span', 'bar-name', plain(outcome), ...(reason ? [make('span', 'hint', ` ${plain(reason)}`)] : [])), bar, make('span', 'number', numberText(calls)));
  }));
}

export function overviewView(tools: Tools): View {
  const subtitle = make('p', 'hint'), figures = make('dl', 'figures'), ends = make('div');
  const live = callsTable('Live calls', 'No call goes on at this moment.');
  let before: ServerStatus | undefined;
  const show = (status: ServerStatus) => {
    subtitle.textContent = `Offhook ${status.version}${status.dev ? ' in development mode' : ''}, running for ${durationText(status.time_at_ms - status.started_at_ms)}`;
    figures.replaceChildren(...figuresOf(status, before).map(([name, value, more]) =>
      make('div', 'figure', make('dt', '', name), make('dd', '', make('strong', '', value), make('span', 'hint', more)))));
    if (JSON.stringify(status.ended) !== JSON.stringify(before?.ended)) ends.replaceChildren(endsOf(status.ended));
    before = status;
  };
  return {
    title: 'Overview',
    element: make('div', 'stack', make('div', 'title', make('h1', '', 'Overview'), subtitle), figures, panel('Live calls', live.element), panel('How calls have ended since the start', ends)),
    refresh: async () => {
      const [status, calls] = await Promise.all([tools.api.getAsOperator<ServerStatus>('/v1/server'), fetchLive(tools)]);
      show(status);
      live.show(calls);
    },
  };
}
