// Calls: those that go on, and all of them with a search by id, user, outcome and reason.
import type { Call } from './model';
import { OUTCOMES } from './model';
import { Pages } from './pages';
import { callLink, chip, labelled, link, make, panel, Table } from './parts';
import type { Tools, View } from './view';
import { calledText, momentText, plain, stateText, talkedText, toneOf } from './words';

const LIVE_PHASES = ['inviting', 'connecting', 'active'];
const REASONS = ['by_caller', 'by_callee', 'by_api', 'max_duration', 'alone', 'all_left', 'by_user', 'by_dnd_rule', 'in_call', 'ring_slots_full',
  'device_busy_all', 'no_devices', 'push_unacked', 'caller_lost', 'callee_lost', 'both_lost', 'media_lost', 'timeout', 'ice_failed', 'caller_media', 'callee_media',
  'permission', 'no_such_user', 'not_allowed', 'blocked', 'rate_limited', 'overloaded', 'internal', 'server_shutdown'];

const userLink = (user: string) => link(`#/calls?user=${encodeURIComponent(user)}`, user);

function people(call: Call): HTMLElement {
  const called = call.legs ? make('span', '', calledText(call)) : userLink(call.callee);
  return make('span', 'people', userLink(call.caller), ' → ', called);
}

export function callsTable(label: string, nothing: string): Table<Call> {
  return new Table<Call>(label, ['Placed', 'Who', 'State', 'Media', 'Talked', 'Call'], nothing, (call) => call.call_id, (call) => [
    make('span', 'nowrap', momentText(call.created_at_ms)),
    people(call),
    make('span', 'state', chip(stateText(call), toneOf(call.phase === 'ended' ? call.outcome : undefined)), ...(call.reason ? [make('span', 'hint', plain(call.reason))] : [])),
    call.media,
    talkedText(call),
    callLink(call.call_id),
  ]);
}

export async function fetchLive(tools: Tools): Promise<Call[]> {
  const lists = await Promise.all(LIVE_PHASES.map((phase) => tools.api.get<{ calls: Call[] }>(`/v1/calls?phase=${phase}&limit=20`)));
  const unique = new Map(lists.flatMap(({ calls }) => calls).map((call) => [call.call_id, call]));  // one may have gone on between two answers
  return [...unique.values()].sort((a, b) => b.created_at_ms - a.created_at_ms);
}

function choice(name: string, label: string, words: string[], chosen: string | null): [HTMLLabelElement, HTMLSelectElement] {
  const select = make('select', '', new Option('any', ''), ...words.map((word) => new Option(plain(word), word, false, word === chosen)));
  select.name = name;
  return [make('label', '', make('span', '', label), select), select];
}

function searchForm(query: URLSearchParams): HTMLFormElement {
  const text = make('input');
  Object.assign(text, { name: 'search', type: 'search', placeholder: 'alice or call_…', autocomplete: 'off', spellcheck: false, maxLength: 128 });
  text.value = query.get('user') ?? '';
  const [outcomeLabel, outcome] = choice('outcome', 'Outcome', OUTCOMES, query.get('outcome'));
  const [reasonLabel, reason] = choice('reason', 'Reason', REASONS, query.get('reason'));
  const go = make('button', 'button primary', 'Search');
  const form = make('form', 'search', make('label', 'wide', make('span', '', 'User or call id'), text), outcomeLabel, reasonLabel, go);
  labelled(form, 'Search for calls').setAttribute('role', 'search');
  const submit = () => {
    const wanted = text.value.trim();
    if (/^call_[0-9a-z]{26}$/.test(wanted)) {
      location.hash = `#/calls/${wanted}`;
      return;
    }
    const next = new URLSearchParams();
    for (const [name, value] of [['user', wanted], ['outcome', outcome.value], ['reason', reason.value]] as const) if (value) next.set(name, value);
    location.hash = `#/calls${next.size > 0 ? `?${next}` : ''}`;
  };
  form.addEventListener('submit', (event) => { event.preventDefault(); submit(); });
  for (const select of [outcome, reason]) select.addEventListener('change', submit);
  return form;
}

export function callsView(tools: Tools, query: URLSearchParams): View {
  const isSearch = query.size > 0;
  const live = callsTable('Live calls', 'No call goes on at this moment.');
  const all = callsTable('Calls', isSearch ? 'No call is like that.' : 'There has been no call yet in this project.');
  const pages = new Pages<Call>(tools.api, 'calls', (calls) => all.show(calls), (error) => tools.notify(String(error), 'bad'));
  const path = new URLSearchParams(query);
  path.set('limit', '25');
  const found = panel(isSearch ? 'Found' : 'All calls', all.element, pages.element);
  return {
    title: 'Calls',
    element: make('div', 'stack', make('h1', '', 'Calls'), searchForm(query), ...(isSearch ? [] : [panel('Live', live.element)]), found),
    refresh: async () => {
      if (!isSearch) live.show(await fetchLive(tools));
      await pages.refresh(`/v1/calls?${path}`);
    },
  };
}
